import type { Checked } from './decide/answer.ts'
import { ok, problem, refused } from './decide/answer.ts'
import type { Fields, Verdict } from './decide/verdict.ts'
import { allowed } from './decide/verdict.ts'
import { schemeOf, verifyCaller } from './decide/verify-caller.ts'
import { verifyHmac } from './decide/verify-hmac.ts'
import type { GatewayCore, Hook, HookRequest } from './hook-request.ts'

/** What of the check has to wait for the body. */
export type CheckBody = (sent: Buffer) => Checked<undefined>

/** Checks all that needs no body, and gives what does. Nothing is read of a caller that is not let in. */
export async function authenticate(core: GatewayCore, hook: Hook, request: HookRequest): Promise<Checked<CheckBody>> {
  const { auth } = hook.webhook
  if (auth.mtls !== undefined) return refused(needsIngress)
  const name = (auth.hmac ?? auth.jwt ?? auth.basic ?? auth.apiKey)?.credential
  const fields = name === undefined ? {} : await readFields(core, hook, name)
  if (fields === undefined) return refused(noCredential)
  const { headers, query } = request
  const now = core.clock.now()
  const caller = toAnswer(core, hook, verifyCaller(auth, fields, { headers, query, now }))
  if (caller.kind === 'refused') return caller
  const { hmac } = auth
  const verdictOf = (body: Buffer): Verdict =>
    hmac === undefined ? allowed : verifyHmac(hmac, fields, { headers, body, now })
  return ok((sent) => toAnswer(core, hook, verdictOf(sent)))
}

/** Undefined, and logged, when nobody can be judged by it now. */
async function readFields(core: GatewayCore, { plan, trigger }: Hook, name: string): Promise<Fields | undefined> {
  const context = { flow: plan.flow.name, namespace: plan.flow.namespace, trigger: trigger.name, credential: name }
  try {
    const credential = await core.credentials.get(plan.flow.namespace, name)
    if (credential === undefined) core.log.warn(context, 'credential of a webhook not found')
    return credential?.fields
  } catch (err) {
    core.log.warn({ ...context, err }, 'credential of a webhook not read')
    return undefined
  }
}

function toAnswer(core: GatewayCore, { plan, trigger, webhook }: Hook, verdict: Verdict): Checked<undefined> {
  const context = { flow: plan.flow.name, namespace: plan.flow.namespace, trigger: trigger.name }
  switch (verdict.kind) {
    case 'allowed':
      return ok(undefined)
    case 'denied': {
      core.log.debug({ ...context, reason: verdict.reason }, 'request not authenticated')
      const headers = { 'www-authenticate': schemeOf(webhook.auth) }
      return refused(
        problem({ status: 401, code: 'Unauthenticated', detail: 'the request is not authenticated', headers }),
      )
    }
    case 'misconfigured':
      core.log.warn({ ...context, reason: verdict.message }, 'credential of a webhook not usable')
      return refused(noCredential)
  }
}

const noCredential = problem({
  status: 503,
  code: 'CredentialUnavailable',
  detail: 'nobody can be authenticated here at the moment',
  headers: { 'retry-after': '10' },
})

// Whoever reaches this port could write any header that an ingress would write.
const needsIngress = problem({
  status: 501,
  code: 'MutualTlsUnavailable',
  detail: 'client certificates are checked by the ingress in front of the gateway, and here is none',
})
