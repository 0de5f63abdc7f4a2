'use strict'

/** An error that trying again cannot mend: the message becomes a dead letter, or goes to `onError.to`, at once. */
function permanent(code, message) {
  return Object.assign(new Error(message), { code, permanent: true })
}

/** An error that may heal by itself: the step's retry policy decides. */
function transient(code, message) {
  return Object.assign(new Error(message), { code })
}

/** "Not now, but then": the message comes back after that time, and no attempt is spent. */
function later(code, message, retryAfterSeconds) {
  return Object.assign(new Error(message), { code, retryAfterSeconds })
}

/** The same error with its text redacted. Made anew, because a stack repeats the message. */
function redacted(error, redact) {
  const text = redact(String(error?.message ?? error))
  const { code, permanent, retryAfterSeconds } = Object(error)
  const known = { code, permanent, retryAfterSeconds }
  return Object.assign(new Error(text), Object.fromEntries(Object.entries(known).filter(([, value]) => value != null)))
}

module.exports = { permanent, transient, later, redacted }
