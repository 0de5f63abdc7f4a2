/** A value as JSON text; null for undefined, which JSON does not know. */
export function toJson(value: unknown): string | null {
  return JSON.stringify(value) ?? null
}

export function fromJson(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text)
}
