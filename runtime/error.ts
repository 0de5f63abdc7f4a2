/** Trying again is useless: the message goes to `onError.then` or `onError.to` at once. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The world failed; it may work later. What is not known to be permanent is this. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
