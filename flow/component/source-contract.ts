import type { FunctionContract } from './component-contract.ts'

/**
 * The functions of inline source without a component.json: each NAME.js at its root is the action NAME. Only the name is looked
 * at; a file that does not export `process` is found out when it is loaded.
 */
export function sourceFunctions(files: Readonly<Record<string, string>>): Readonly<Record<string, FunctionContract>> {
  const paths = Object.keys(files).map((path) => path.replace(/^\.\//, ''))
  const actions = paths.flatMap((path) => {
    const name = /^([^/]+)\.[cm]?js$/.exec(path)?.[1]
    return name === undefined || name === 'verifyCredentials' ? [] : [[name, action(name, `./${path}`)] as const]
  })
  return Object.fromEntries(actions)
}

function action(name: string, main: string): FunctionContract {
  return { name, kind: 'action', main, emits: 'many', snapshot: false, checkpoint: false }
}
