/** `metav1.Condition`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly observedGeneration?: number
  /** RFC 3339, to the second. */
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
}

export type WantedCondition = Omit<Condition, 'lastTransitionTime'>

const reasonPattern = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const longestReason = 1_024
const longestMessage = 32_768

/**
 * The conditions as they are to be written, in the order in which they are wanted: the time is that of the last change of the status, and not of reason
 * or message. Those of others are left out: by server-side apply they stay.
 *
 * @throws {RangeError} on a reason that the server refuses; a message is cut at the server's limit
 */
export function toConditions(
  before: readonly Condition[],
  wanted: readonly WantedCondition[],
  now: number,
): Condition[] {
  const known = new Map(before.map((condition) => [condition.type, condition]))
  const lastTransitionTime = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
  return wanted.map((condition) => {
    if (!reasonPattern.test(condition.reason) || condition.reason.length > longestReason)
      throw new RangeError(`${JSON.stringify(condition.reason)} cannot be the reason of a condition`)
    const last = known.get(condition.type)
    const isSame = last?.status === condition.status
    const message = cut(condition.message, longestMessage)
    return { ...condition, message, lastTransitionTime: isSame ? last.lastTransitionTime : lastTransitionTime }
  })
}

/** Of an object's status, wherever it comes from. */
export function conditionsOf(object: { readonly [field: string]: unknown }): readonly Condition[] {
  const { conditions } = (object['status'] ?? {}) as { readonly conditions?: unknown }
  return Array.isArray(conditions) ? (conditions as Condition[]) : []
}

/** Never in the middle of a character. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text
  const end = text.charCodeAt(longest - 2)
  return `${text.slice(0, end >= 0xd8_00 && end <= 0xdb_ff ? longest - 2 : longest - 1)}…`
}
