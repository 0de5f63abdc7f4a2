import { parseServerUrl } from '../../runtime/broker/amqp/server-url.ts'
import { vhostName, vhostPolicies } from '../../runtime/broker/management/decide/plan-vhost.ts'
import type { ManagementClient } from '../../runtime/broker/management/management-client.ts'
import { openManagementClient } from '../../runtime/broker/management/management-client.ts'
import { provisionVhost } from '../../runtime/broker/management/provision-vhost.ts'
import { UsageError } from '../usage-error.ts'

/** Of a run whose URL names no vhost: it must not depend on the flows, which are edited. */
const ownVhost = vhostName('default', 'local')

/**
 * Makes the vhost that the broker's URL names, or one for runs of this kind, with the policies that messages rest on; gives the URL
 * that leads into it. What is there already stays; the URL's user is allowed everything in it.
 *
 * @throws {UsageError} the server has no such user
 * @throws {PermanentError | TransientError} what the management says, without the password
 */
export async function provisionRunVhost(broker: string, management: string): Promise<string> {
  const { url, vhost: named } = parseServerUrl(broker)
  const vhost = named === '/' ? ownVhost : named
  const client = openManagementClient(management)
  await provisionVhost(client, { vhost, users: [], policies: vhostPolicies })
  await permit(client, vhost, decodeURIComponent(url.username) || 'guest')
  const into = new URL(url)
  into.pathname = `/${encodeURIComponent(vhost)}`
  return into.href
}

const everything = { configure: '.*', write: '.*', read: '.*' }

async function permit(client: ManagementClient, vhost: string, user: string): Promise<void> {
  if ((await client.get(['permissions', vhost, user])) !== undefined) return
  if ((await client.get(['users', user])) === undefined) {
    const { host } = client.call.url
    throw new UsageError(`the RabbitMQ that is managed at ${host} has no user "${user}", as --broker names it`)
  }
  await client.put(['permissions', vhost, user], everything)
}
