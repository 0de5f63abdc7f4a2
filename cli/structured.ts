import type { Terminal } from './terminal.ts'

/** Prints a value for programs. */
export async function printStructured(
  { out }: Pick<Terminal, 'out'>,
  value: unknown,
  form: 'json' | 'yaml',
): Promise<void> {
  if (form === 'json') return out.write(`${JSON.stringify(value, undefined, 2)}\n`)
  // Loaded when it is needed: JSON does without.
  const { stringify } = await import('yaml')
  out.write(stringify(value))
}
