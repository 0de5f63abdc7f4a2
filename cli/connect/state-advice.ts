import { PermanentError } from '../../runtime/error.ts'

/** A state that another process has open cannot be shared: says how the user comes to it all the same. */
export function withStateAdvice<Result>(directory: string, open: () => Result): Result {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== 'StateInUse') throw error
    const message = `the state in ${directory} is in use by a weir run: stop that one (Ctrl-C; it goes on where it was when it is started again), then try again`
    throw new PermanentError('StateInUse', message, { cause: error })
  }
}
