import type { Clock } from '../../clock.ts'
import { TransientError } from '../../error.ts'
import type { QueueDeclaration } from '../broker.ts'
import type { Admin, AdminParts } from './admin.ts'
import { openAdmin } from './admin.ts'
import { channelsOf } from './amqplib-links.ts'
import type { ConsumerSide } from './consumer-side.ts'
import { joinTopologies, queueTopology } from './decide/plan-topology.ts'
import { bindTopology, declareTopology } from './enact-topology.ts'
import type { LinkKind, SessionLink } from './link-session.ts'

/** Queues that go with their connection: only the one that has declared them may ask for, consume or delete them. */
export interface TemporaryQueues {
  readonly has: (queue: string) => boolean
  /** Undefined when it is none of these. */
  readonly isSingleActive: (queue: string) => boolean | undefined
  readonly declare: (declarations: readonly QueueDeclaration[]) => Promise<void>
  /** On the connection that has them. */
  readonly run: Admin['run']
  readonly forget: (queue: string) => void
  readonly kind: LinkKind
}

export interface TemporaryQueueParts extends Omit<AdminParts, 'onLost' | 'idleMs'> {
  readonly clock: Clock
  readonly side: () => ConsumerSide
}

export function openTemporaryQueues(parts: TemporaryQueueParts): TemporaryQueues {
  const declared = new Map<string, QueueDeclaration>()
  let current: Admin | undefined

  const open = async (lose: (error: Error) => void, isWanted: () => boolean): Promise<SessionLink> => {
    const admin = openAdmin({ ...parts, onLost: lose })
    try {
      const connection = await admin.connection()
      await declareOn(admin, declared.values())
      if (isWanted()) {
        current = admin
        parts.side().attach({ openChannel: channelsOf(parts.server, connection), close: admin.close })
      }
    } catch (error) {
      await admin.close()
      throw error
    }
    return {
      close: () => {
        if (current === admin) current = undefined
        return admin.close()
      },
    }
  }
  const onConnection = async (): Promise<Admin> => {
    await parts.side().whenLink()
    if (current === undefined) throw new TransientError('BrokerConnectionLost', 'the connection was lost')
    return current
  }
  return {
    kind: { open },
    has: (queue) => declared.has(queue),
    isSingleActive: (queue) => {
      const declaration = declared.get(queue)
      return declaration && declaration.singleActiveConsumer === true
    },
    forget: (queue) => void declared.delete(queue),
    run: async (work) => (await onConnection()).run(work, 0),
    declare: async (declarations) => {
      const admin = await onConnection()
      await declareOn(admin, declarations)
      for (const declaration of declarations) declared.set(declaration.name, declaration)
    },
  }
}

function declareOn(admin: Admin, declarations: Iterable<QueueDeclaration>): Promise<void> {
  const topology = joinTopologies([...declarations].map(queueTopology))
  return admin.run(async (channel) => {
    await declareTopology(channel, topology)
    await bindTopology(channel, topology)
  }, 0)
}
