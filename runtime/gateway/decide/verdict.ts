/** Whether a request is whose it says it is. */
export type Verdict =
  | { readonly kind: 'allowed' }
  /** For the debug log: the caller is only told that it was not authenticated. */
  | { readonly kind: 'denied'; readonly reason: string }
  /** The credential cannot judge anybody; nobody gets in. */
  | { readonly kind: 'misconfigured'; readonly message: string }

/** A credential's fields. */
export type Fields = Readonly<Record<string, string>>

export const allowed: Verdict = { kind: 'allowed' }

export function denied(reason: string): Verdict {
  return { kind: 'denied', reason }
}

/** The key in use and, during a rotation, the one before: fields NAME and previousNAME, of which one is enough. */
export function rotatingKeys(fields: Fields, name: string): string[] {
  const previous = `previous${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return [fields[name], fields[previous]].filter((key): key is string => key !== undefined && key !== '')
}
