/** Whether a condition holds, as JSONata's `$boolean` has it; a missing value does not. */
export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(truthy)
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  if (typeof value === 'function') return false
  return Boolean(value)
}
