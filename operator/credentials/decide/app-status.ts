import type { AppSpec } from '../../../crds/v1alpha1/app.ts'
import { conditionsOf, missingMessage, reservedMessage } from './credential-status.ts'
import type { ConditionWords, StatusContext } from './credential-status.ts'
import type { SecretSight } from './plan-grant.ts'

/** What people and programs are told of an App. */
export function appConditions(
  { oauth2 }: AppSpec,
  client: SecretSight | undefined,
  context: Pick<StatusContext, 'namespace' | 'howToOpen'>,
): readonly ConditionWords[] {
  const secret = oauth2?.client?.secretRef.name ?? ''
  return conditionsOf(clientReady(secret, client, context))
}

function clientReady(
  secret: string,
  client: SecretSight | undefined,
  { namespace, howToOpen }: Pick<StatusContext, 'namespace' | 'howToOpen'>,
): { readonly isReady: boolean; readonly reason: string; readonly message: string } {
  if (client === undefined) return { isReady: true, reason: 'Valid', message: 'nothing that must be looked up' }
  if (client.kind === 'absent')
    return {
      isReady: false,
      reason: 'SecretNotFound',
      message: `no Secret is named "${secret}" in this namespace: make it, with "clientId" and "clientSecret"`,
    }
  if (client.kind === 'denied')
    return {
      isReady: false,
      reason: 'SecretAccessDenied',
      message: `the operator may not read Secret "${secret}" of namespace "${namespace}": ${howToOpen}`,
    }
  if (client.kind === 'reserved') return { isReady: false, reason: 'SecretReserved', message: reservedMessage(secret) }
  const isThere = (client.fields['clientId'] ?? '').trim() !== ''
  return isThere
    ? { isReady: true, reason: 'Valid', message: 'the client is there' }
    : { isReady: false, reason: 'KeyMissing', message: missingMessage({ secret, lacking: [['clientId']] }) }
}
