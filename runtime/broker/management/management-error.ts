import { PermanentError, TransientError } from '../../error.ts'

/** What went wrong with a call to the management plugin. */
export type ManagementFailure =
  | { readonly kind: 'status'; readonly status: number; readonly reason: string }
  /** What something was to be put into is not there. */
  | { readonly kind: 'gone' }
  /** An answer that is not the plugin's. */
  | { readonly kind: 'foreign' }
  /** The code of `node:net`, `node:tls` or the HTTP client. */
  | { readonly kind: 'connection'; readonly code: string; readonly message: string }
  | { readonly kind: 'timeout'; readonly afterMs: number }

export interface ManagementCall {
  readonly url: URL
  readonly user: string
}

const foreign =
  'does not answer as RabbitMQ’s management plugin does; is it enabled, and is the port right (usually 15672)?'
const noTag = 'rabbitmqctl set_user_tags USER administrator'

/** One line that names the server and the user, never the password, and what to do. */
export function managementError(call: ManagementCall, failure: ManagementFailure): PermanentError | TransientError {
  const name = serverName(call.url)
  switch (failure.kind) {
    case 'status':
      return statusError(call, failure)
    case 'gone':
      return new TransientError('VhostNotFound', `${name} has not the vhost any more: it was deleted meanwhile`)
    case 'foreign':
      return new PermanentError('ManagementNotFound', `${name} ${foreign}`)
    case 'timeout':
      return new TransientError('ManagementTimeout', `${name} did not answer within ${failure.afterMs} ms`)
    case 'connection':
      return connectionError(name, failure)
  }
}

function serverName({ protocol, host }: URL): string {
  return `RabbitMQ’s management at ${protocol}//${host}`
}

/** @throws {PermanentError} `ManagementAccessRefused` when the user may not make vhosts and users */
export function requireAdministrator({ url, user }: ManagementCall, tags: readonly string[]): void {
  if (tags.includes('administrator')) return
  throw refused(url, user, 'it has not the tag "administrator"')
}

/** @throws {PermanentError} `BrokerTooOld` */
export function requireVersion({ url }: ManagementCall, problem: string | undefined): void {
  if (problem !== undefined) throw new PermanentError('BrokerTooOld', `${serverName(url)} ${problem}`)
}

function refused(url: URL, user: string, why: string): PermanentError {
  const message = `${serverName(url)} does not let the user "${user}" administrate: ${why}; try: ${noTag.replace('USER', user)}`
  return new PermanentError('ManagementAccessRefused', message)
}

function statusError(
  call: ManagementCall,
  { status, reason }: { readonly status: number; readonly reason: string },
): PermanentError | TransientError {
  const { url, user } = call
  const name = serverName(url)
  // The plugin says 401 to both: who is not known, and who is not allowed.
  if (
    status === 403 ||
    (status === 401 && /not (?:an? )?(?:administrator|management|monitor|policymaker|authori[sz]ed)/i.test(reason))
  )
    return refused(url, user, `it answered ${status} ${reason}`)
  if (status === 401) {
    const message = `${name} refused the login of "${user}"; check user and password (the user "guest" may log in from the same machine only)`
    return new PermanentError('ManagementLoginRefused', message)
  }
  if (status === 404) return new PermanentError('ManagementNotFound', `${name} ${foreign}`)
  const what = `${name} answered ${status} ${reason}`
  if (status === 400 && /vhost_or_user_not_found/.test(reason)) return managementError(call, { kind: 'gone' })
  return status === 429 || status >= 500
    ? new TransientError('ManagementFailed', what)
    : new PermanentError('ManagementRefused', what)
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection; is it running, is the plugin enabled, and is the port right (usually 15672)?',
  ENOTFOUND: 'has a name that nobody knows; check the host',
  EAI_AGAIN: 'has a name that cannot be resolved now',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'did not answer',
}

function connectionError(
  name: string,
  { code, message }: { readonly code: string; readonly message: string },
): PermanentError | TransientError {
  const known = unreachable[code]
  if (known !== undefined) return new TransientError('ManagementUnreachable', `${name} ${known}`)
  if (/CERT|SELF_SIGNED|SSL|TLS|UNABLE_TO/.test(code)) {
    const hint = 'check the certificate, and whether the URL is to begin with http: or https:'
    return new PermanentError('ManagementTlsError', `${name} cannot be spoken to by TLS: ${message}; ${hint}`)
  }
  if (/^HPE_|^HTTPParserError$/.test(code)) return new PermanentError('ManagementNotFound', `${name} ${foreign}`)
  return new TransientError('ManagementUnreachable', `${name} lost the connection: ${message}`)
}
