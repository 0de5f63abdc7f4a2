import type { References } from '../expression/expression.ts'

type Path = readonly string[]

export type PlainReads = Pick<References, 'steps' | 'trigger'>

/**
 * What an expression reads of `$steps` and `$trigger` where it does so by plain paths only, as most do; undefined where it has to
 * be compiled to know. Compiling every such expression once more, after lint, would be most of the time that a plan takes.
 */
export function plainReads(source: string): PlainReads | undefined {
  // In these a quote may be no quote: comments and regular expressions, quoted names. And $eval reads what nobody can see.
  if (/[/`]|\$eval/.test(source)) return undefined
  const code = source.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/gs, '""')
  // A name may be bound there, some space further on.
  if (/[@#]/.test(code)) return undefined
  const paths = [...code.matchAll(lookBack)].map(pathOf)
  if (paths.includes(undefined)) return undefined
  const reads = paths.filter((path) => path !== undefined)
  const ofSteps = reads.filter(([root]) => root === 'steps')
  const bySteps = Map.groupBy(ofSteps, ([, name = '']) => name)
  return {
    steps: Object.fromEntries([...bySteps].map(([name, all]) => [name, all.map((path) => path.slice(2))])),
    trigger: reads.filter(([root]) => root === 'trigger').map((path) => path.slice(1)),
  }
}

/** `['steps', 'check', 'data']`; undefined for what is no plain path. */
function pathOf([, before = '', root = '', dotted = '', next = '']: RegExpExecArray): Path | undefined {
  const names = dotted.split('.').map((name) => name.trim())
  return names.length > 1 && beginsPath(before) && endsPath(next) ? [root, ...names.slice(1)] : undefined
}

// White space as JSONata has it: a no-break space is part of a name.
const lookBack = /(?<=(.?))\$(steps|trigger)\b((?:[ \t\n\r\v]*\.[ \t\n\r\v]*[A-Za-z_]\w*)*)[ \t\n\r\v]*(?=(.?))/gs

/** What stands before is no part of a longer name, nor a path that goes on with the variable. */
function beginsPath(before: string): boolean {
  return /^[ \t\n\r\v([{,;:?&=<>+-]?$/.test(before)
}

/** What follows is no part of the path: an end, a separator, an operator, or `and`, `or`, `in`. */
function endsPath(next: string): boolean {
  return /^[)\]},;?:&=!<>+\-a-z]?$/.test(next)
}
