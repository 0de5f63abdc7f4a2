import { PermanentError } from '../error.ts'

/** What a text means, or what it must be instead. */
export type Reading<Value> = { readonly value: Value } | { readonly mistake: string }

/** One variable of the environment. */
export interface Field<Value> {
  readonly description: string
  /** Where the variable is not set. */
  readonly absent: Reading<Value>
  readonly read: (text: string) => Reading<Value>
}

export type Fields = Readonly<Record<string, Field<unknown>>>

export type ValuesOf<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never
}

type Environment = Readonly<Record<string, string | undefined>>

/** For what has no default. */
export const notSet = { mistake: 'is not set' } as const
/** For what may be left out. */
export const leftOut = { value: undefined } as const

/**
 * Fields are written out here, and not by a library for schemas: that takes longer to load than all else that reads them.
 *
 * @throws {PermanentError} `SettingsInvalid`: every variable that is wrong, with what it must be, and no value of any
 */
export function readFields<Of extends Fields>(fields: Of, environment: Environment): ValuesOf<Of> {
  const values: Record<string, unknown> = {}
  const wrong: string[] = []
  for (const [name, { absent, read }] of Object.entries(fields)) {
    const text = environment[name]
    // Whoever fills in a template sets what is not wanted to nothing.
    const reading = text === undefined || text === '' ? absent : read(text)
    if ('mistake' in reading) wrong.push(`${name} ${reading.mistake}`)
    else values[name] = reading.value
  }
  if (wrong.length > 0) throw new PermanentError('SettingsInvalid', wrong.join('; '))
  return values as ValuesOf<Of> // each field's own reading
}

export function readText(text: string): Reading<string> {
  return { value: text }
}

export function readUrl(protocols: readonly string[]): (text: string) => Reading<URL> {
  return (text) => {
    const url = URL.parse(text)
    if (url === null) return { mistake: 'is no URL' }
    return protocols.includes(url.protocol)
      ? { value: url }
      : { mistake: `must begin with ${protocols.join('// or ')}//` }
  }
}

export function readWholeNumber(least: number, most: number): (text: string) => Reading<number> {
  return (text) => {
    if (!/^\d{1,9}$/.test(text)) return { mistake: 'must be a whole number' }
    const value = Number(text)
    return value >= least && value <= most ? { value } : { mistake: `must be from ${least} to ${most}` }
  }
}

export function readOneOf(known: readonly string[]): (text: string) => Reading<string> {
  return (text) => (known.includes(text) ? { value: text } : { mistake: `must be one of ${known.join(', ')}` })
}

/** Texts between commas. */
export function readList(text: string): Reading<readonly string[]> {
  return { value: text.split(',').filter((each) => each !== '') }
}
