import { z } from 'zod'
import { PermanentError } from '../../error.ts'
import { serverProblem } from '../amqp/decide/server-version.ts'
import { managementError, requireAdministrator, requireVersion } from './management-error.ts'
import { planChanges, type ObservedUser, type ObservedVhost, type VhostChange } from './decide/plan-changes.ts'
import type { VhostPlan, VhostUser } from './decide/plan-vhost.ts'
import type { ManagementClient, ManagementPath } from './management-client.ts'

/**
 * Makes the server have what the plan says, and gives what had to be changed; safe to repeat, and at once with another.
 *
 * @throws {PermanentError} `ManagementLoginRefused`, `ManagementAccessRefused`, `BrokerTooOld`, `ManagementNotFound`, `ManagementTlsError`
 * @throws {TransientError} the server cannot be reached, or fails
 */
export async function provisionVhost(client: ManagementClient, plan: VhostPlan): Promise<readonly VhostChange[]> {
  await requireServer(client)
  const changes = planChanges(plan, await observe(client, plan), { self: client.call.user })
  // One by one: permissions need their vhost and their user.
  for (const change of changes) await enact(client, plan, change)
  return changes
}

/** Deletes the vhost with all that is in it, and its users. Safe to repeat. */
export async function removeVhost(
  client: ManagementClient,
  { vhost, users }: Pick<VhostPlan, 'vhost'> & { readonly users: readonly { readonly name: string }[] },
): Promise<void> {
  await requireServer(client)
  // Users first: nobody is to go on in what is being deleted.
  for (const { name } of users) await client.delete(['users', name])
  await client.delete(['vhosts', vhost])
}

const overview = z.object({ rabbitmq_version: z.string(), product_name: z.string().optional() })
/** Text until 3.8, a list since. */
const tags = z.union([z.array(z.string()), z.string().transform((text) => text.split(',').filter((tag) => tag !== ''))])
const whoami = z.object({ tags })
const user = z.object({ name: z.string(), password_hash: z.string(), hashing_algorithm: z.string(), tags })
const permissions = z.array(z.object({ user: z.string(), configure: z.string(), write: z.string(), read: z.string() }))
const policies = z.array(
  z.object({
    name: z.string(),
    pattern: z.string(),
    priority: z.number(),
    definition: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
)

async function requireServer(client: ManagementClient): Promise<void> {
  requireAdministrator(client.call, (await read(client, ['whoami'], whoami)).tags)
  const { rabbitmq_version: version } = await read(client, ['overview'], overview)
  requireVersion(client.call, serverProblem({ version }))
}

async function observe(client: ManagementClient, { vhost, users }: VhostPlan): Promise<ObservedVhost> {
  const found = await Promise.all(users.map(({ name }) => observeUser(client, name)))
  const known = found.filter((one) => one !== undefined)
  if ((await client.get(['vhosts', vhost])) === undefined)
    return { exists: false, users: known, permissions: [], policies: [] }
  return {
    exists: true,
    users: known,
    permissions: await read(client, ['vhosts', vhost, 'permissions'], permissions),
    policies: await read(client, ['policies', vhost], policies),
  }
}

async function observeUser(client: ManagementClient, name: string): Promise<ObservedUser | undefined> {
  const path = ['users', name]
  const answer = await client.get(path)
  if (answer === undefined) return undefined
  const found = check(client, answer, user)
  return {
    name: found.name,
    passwordHash: found.password_hash,
    hashing: found.hashing_algorithm,
    tags: found.tags,
  }
}

async function enact(client: ManagementClient, { vhost }: VhostPlan, change: VhostChange): Promise<void> {
  switch (change.kind) {
    case 'createVhost':
      return client.put(['vhosts', vhost], { description: 'Weir', tags: 'weir' })
    case 'putUser':
      return putUser(client, change.user)
    case 'putPermissions':
      return client.put(['permissions', vhost, change.user.name], { ...change.user.permissions })
    case 'deletePermissions':
      return client.delete(['permissions', vhost, change.user])
    case 'putPolicy': {
      const { name, ...policy } = change.policy
      return client.put(['policies', vhost, name], { ...policy, 'apply-to': 'queues' })
    }
    case 'deletePolicy':
      return client.delete(['policies', vhost, change.name])
  }
}

/** Again where it is refused: 4.0 says 400 to one of two who make the same user at once, and then takes it as a change. */
async function putUser(client: ManagementClient, { name, password }: VhostUser): Promise<void> {
  const put = (): Promise<void> => client.put(['users', name], { password, tags: '' })
  await put().catch((error: unknown) => {
    if (!(error instanceof PermanentError) || error.code !== 'ManagementRefused') throw error
    return put()
  })
}

async function read<Shape>(client: ManagementClient, path: ManagementPath, shape: z.ZodType<Shape>): Promise<Shape> {
  return check(client, await client.get(path), shape)
}

function check<Shape>(client: ManagementClient, answer: unknown, shape: z.ZodType<Shape>): Shape {
  const checked = shape.safeParse(answer)
  if (checked.success) return checked.data
  throw managementError(client.call, { kind: 'foreign' })
}
