/** The code and message of whatever was thrown; what has no code of its own is `InternalError`. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  const message = messageOf(error)
  const code = codeOf(error)
  return { code, message: message.length > 2000 ? `${message.slice(0, 2000)}…` : message }
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'InternalError'
  return typeof error.code === 'string' && error.code !== '' ? error.code : 'InternalError'
}

function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return String(error)
}
