import { readFile } from 'node:fs/promises'
import type { DeadLetterStore } from '../../../runtime/store/store.ts'
import { payloadOf } from '../../../runtime/wire/body.ts'

/** What became of messages that were numbered 1 to `sent`. */
export interface Account {
  /** Numbers that neither had their effect nor are dead letters. */
  readonly lost: readonly number[]
  /** Effects beyond the first of a number. */
  readonly duplicates: number
  /** Numbers that had an effect. */
  readonly finished: number
  /** Numbers that are dead letters and had no effect. */
  readonly dead: number
  /** Effects of numbers that nobody has sent. */
  readonly invented: readonly number[]
  /** Codes of the dead letters, and how many have each. */
  readonly codes: Readonly<Record<string, number>>
}

/** Reads the effects' file and the dead letters; all must be at rest. */
export async function accountFor(
  sent: number,
  { effects: file, deadLetters }: { readonly effects: string; readonly deadLetters: Pick<DeadLetterStore, 'scan'> },
): Promise<Account> {
  const effects = await effectsIn(file)
  const finished = new Set(effects)
  const dead = new Set<number>()
  const codes: Record<string, number> = {}
  for await (const letter of deadLetters.scan({ state: 'dead' })) {
    codes[letter.code] = (codes[letter.code] ?? 0) + 1
    dead.add(numberIn(Buffer.from(letter.body)))
  }
  const numbers = Array.from({ length: sent }, (_, at) => at + 1)
  return {
    lost: numbers.filter((n) => !finished.has(n) && !dead.has(n)),
    duplicates: effects.length - finished.size,
    finished: finished.size,
    dead: numbers.filter((n) => dead.has(n) && !finished.has(n)).length,
    invented: [...finished].filter((n) => !(n >= 1 && n <= sent)),
    codes,
  }
}

/** A number a line, as `relay/effect` writes them. */
export async function effectsIn(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]))
}

function numberIn(body: Buffer): number {
  const { data } = JSON.parse(payloadOf(body).toString('utf8')) as { data: { n: number } }
  return data.n
}
