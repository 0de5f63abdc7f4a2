import { PermanentError, TransientError } from '../../error.ts'

/** SQLite's primary result codes. */
const busy = 5
const locked = 6
const corrupt = 11
const full = 13
const notADatabase = 26

/** What a failed call of SQLite means to the caller; an error of our own stays what it is. */
export function toStoreError(error: unknown): Error {
  if (error instanceof PermanentError || error instanceof TransientError) return error
  if (isCorrupt(error)) {
    return new PermanentError('StateCorrupt', 'the state is damaged: restore it from a backup', { cause: error })
  }
  if (resultCode(error) === full) return new TransientError('StateFull', 'no room for the state', { cause: error })
  return new TransientError('StateUnavailable', 'the state cannot be read or written', { cause: error })
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === busy || code === locked
}

export function isCorrupt(error: unknown): boolean {
  const code = resultCode(error)
  return code === corrupt || code === notADatabase
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  // The lowest byte; above it stands the extended code.
  return error.errcode & 0xff
}
