/** Replaces secrets in a text by `[redacted]`, however they were written into it. */
export type MaskSecrets = (text: string) => string

/** A shorter value is no secret, and would hide half of every text. */
const leastLength = 4

/** @param values as they are; their forms in JSON, in URLs and in base64 are found, too */
export function maskSecrets(values: readonly string[]): MaskSecrets {
  const secrets = new Set(values.filter((value) => value.length >= leastLength).flatMap(formsOf))
  // The longest first: one may be the beginning of another.
  const sorted = [...secrets].sort((left, right) => right.length - left.length)
  return (text) => sorted.reduce((masked, secret) => masked.replaceAll(secret, '[redacted]'), text)
}

function formsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.trim().length >= leastLength)
  const json = JSON.stringify(value).slice(1, -1)
  return [value, ...lines, json, encodeURIComponent(value.toWellFormed()), Buffer.from(value).toString('base64')]
}
