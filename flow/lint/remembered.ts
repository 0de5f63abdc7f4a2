const maxRemembered = 1000

/** The same function, which works each text out once; of more than a thousand texts it forgets the oldest. */
export function remembered<Result>(work: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined || known.has(text)) return before as Result // has() tells a known undefined from none.
    const result = work(text)
    if (known.size >= maxRemembered) known.delete(known.keys().next().value ?? '')
    known.set(text, result)
    return result
  }
}
