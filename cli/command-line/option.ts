import { InvalidArgumentError, Option } from 'commander'
import { UsageError } from '../usage-error.ts'

/** `--component NAME=DIR`, of every command that takes manifests. */
export function componentOption(): Option {
  return pairsOption('-c, --component <NAME=DIR>', 'the code of a component (repeatable)')
}

/** An option that may be given several times, as NAME=VALUE; the last of one name counts. */
export function pairsOption(flags: string, description: string): Option {
  const collect = (text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...before, splitPair(flags, text)])
  return new Option(flags, description).default(new Map<string, string>(), 'none').argParser(collect)
}

/** An option that may be given several times, in an order that counts. */
export function listOption(flags: string, description: string, none: string): Option {
  const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text]
  return new Option(flags, description).default([], none).argParser(collect)
}

/**
 * What was given is not shown: it may be a credential.
 *
 * @throws {UsageError} without a name or an equals sign
 */
function splitPair(flags: string, text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`option '${flags}' needs a name, an equals sign and a value`)
}

/** A parser of whole numbers within bounds, both included. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** A parser of the seconds that a call may take. */
export function callSeconds(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0.1 && value <= 1200) return value
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 1200.')
}

/** Lines under a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`
}
