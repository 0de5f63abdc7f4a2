import type { RetiringQueue } from '../../flow/plan/flow-state.ts'
import type { VersionedFlowState } from '../../runtime/store/store.ts'
import type { RetirementStep } from '../decide/decide-retirement.ts'
import { decideRetirement, decideRetirer, withoutRetired } from '../decide/decide-retirement.ts'
import type { ChangeCore } from './change-parts.ts'
import { sooner, type Due } from './due.ts'
import type { Reaper } from './reaper.ts'
import { openReaper } from './reaper.ts'
import { changeState, writeState } from './write-state.ts'

/** Brings retiring queues to their end, as far as this process is the one to do it. */
export interface Retirement {
  /** One look at each retiring queue of a flow. Resolves with the next look; undefined when there is nothing to retire. */
  readonly look: (versioned: VersionedFlowState) => Promise<Due | undefined>
  readonly close: () => Promise<void>
}

const lookEveryMs = 1000
const leaseMs = 30_000

interface Handling {
  readonly flow: string
  unboundAt?: number
  /** Of the looks in a row at which it was empty, the first. */
  emptyAt?: number | undefined
  reaper?: Reaper
}

export function openRetirement(core: ChangeCore): Retirement {
  const handled = new Map<string, Handling>()
  return {
    look: async (versioned) => {
      const { state } = versioned
      await leaveOthers(handled, state.flow, state.retiring)
      if (state.retiring.length === 0) return undefined
      const now = core.clock.now()
      const mine = core.isAlone === true ? state : decideRetirer(state, { by: core.by, now, leaseMs })
      if (mine === undefined) {
        await leaveOthers(handled, state.flow, [])
        return { at: now + lookEveryMs }
      }
      if (mine !== state && !(await writeState(core, versioned, mine))) return { at: now }
      const nexts: Due[] = []
      // One after another: there is no hurry, and a deleted flow may have hundreds.
      for (const queue of mine.retiring) nexts.push(await lookAt(core, handled, { flow: state.flow, queue }))
      return nexts.reduce(sooner)
    },
    close: async () => {
      await Promise.all([...handled.values()].map(async ({ reaper }) => reaper?.close()))
      handled.clear()
    },
  }
}

/** What another process has retired, or retires now, is no business of this one. */
async function leaveOthers(
  handled: Map<string, Handling>,
  flow: string,
  own: readonly Pick<RetiringQueue, 'queue'>[],
): Promise<void> {
  const names = new Set(own.map(({ queue }) => queue))
  for (const [queue, handling] of handled) {
    if (handling.flow !== flow || names.has(queue)) continue
    handled.delete(queue)
    await handling.reaper?.close()
  }
}

interface Look {
  readonly flow: string
  readonly queue: RetiringQueue
}

async function lookAt(core: ChangeCore, handled: Map<string, Handling>, look: Look): Promise<Due> {
  const { queue: name } = look.queue
  const handling = handled.get(name) ?? { flow: look.flow }
  handled.set(name, handling)
  const step = await observe(core, handling, look.queue)
  handling.emptyAt = step.kind === 'lookAgain' ? step.emptyAt : undefined
  const now = core.clock.now()
  switch (step.kind) {
    case 'unbind':
      await core.broker.unbindQueue(name)
      handling.unboundAt = core.clock.now()
      return { at: now, isPressing: true }
    case 'consume':
      handling.reaper = await openReaper(core, name)
      return { at: now + lookEveryMs }
    case 'delete':
      await core.broker.deleteQueue(name)
      core.log.info({ flow: look.flow, queue: name }, 'queue retired')
      await forget(core, handled, look)
      return { at: now, isPressing: true }
    case 'forget':
      await forget(core, handled, look)
      return { at: now, isPressing: true }
    case 'lookAgain':
      return { at: step.until, isPressing: true }
    case 'wait':
      return dueBy(step.until, core)
  }
}

/** What is over in a moment presses: an unbinding does not count for long. */
function dueBy(until: number | undefined, { clock, waits }: ChangeCore): Due {
  const now = clock.now()
  return until === undefined ? { at: now + lookEveryMs } : { at: until, isPressing: until <= now + waits.unboundMs }
}

async function observe(core: ChangeCore, handling: Handling, queue: RetiringQueue): Promise<RetirementStep> {
  if (handling.reaper?.isOpen() === false) delete handling.reaper
  const depth = await core.broker.depth(queue.queue)
  const { unboundAt, emptyAt, reaper } = handling
  return decideRetirement(queue, {
    now: core.clock.now(),
    waits: core.waits,
    depth,
    ...(unboundAt !== undefined && { unboundAt }),
    ...(emptyAt !== undefined && { emptyAt }),
    ...(reaper !== undefined && { own: { unsettled: reaper.unsettled() } }),
  })
}

async function forget(core: ChangeCore, handled: Map<string, Handling>, { flow, queue }: Look): Promise<void> {
  const name = queue.queue
  await changeState(core, flow, (state) => state && withoutRetired(state, name))
  await handled.get(name)?.reaper?.close()
  handled.delete(name)
}
