import jsonata from 'jsonata'
import type { Signature } from '../parse/syntax-tree.ts'

/** One of JSONata's own functions, as it keeps it. */
export interface NativeFunction {
  readonly implementation: (this: NativeFocus, ...args: readonly unknown[]) => unknown
  readonly signature: Signature
}

interface NativeFocus {
  readonly environment: { readonly timestamp: Date }
}

interface Environment {
  readonly lookup: (name: string) => unknown
}

const environment = standardEnvironment()

/** @throws {Error} when JSONata has no such function */
export function nativeFunction(name: string): NativeFunction {
  const found = environment.lookup(name) as Partial<NativeFunction> | undefined // read from JSONata, checked below
  const { implementation, signature } = found ?? {}
  if (implementation === undefined || signature === undefined) throw new Error(`JSONata has no function $${name}`)
  return { implementation, signature }
}

/** JSONata shows its environment to its evaluation hook, before it has waited for anything. */
function standardEnvironment(): Environment {
  const probe = jsonata('null')
  let seen: Environment | undefined
  const hook = Symbol.for('jsonata.__evaluate_entry') as unknown as string // its types know names only, the hook has a symbol
  probe.assign(hook, (_: unknown, __: unknown, found: Environment) => {
    seen = found
  })
  void probe.evaluate(null)
  if (seen === undefined) throw new Error('this version of JSONata has no evaluation hook')
  return seen
}
