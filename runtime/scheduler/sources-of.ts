import type { MessageHeaders } from '../wire/message.ts'
import type { PlannedSource } from './decide/plan-sources.ts'
import { decideChange, planSources } from './decide/plan-sources.ts'
import { markSource, openSource } from './open-source.ts'
import type { NextFire, SchedulerCore } from './scheduler-parts.ts'
import type { SourceTable } from './source-table.ts'

interface SourcesOptions {
  readonly table: SourceTable
  readonly onMoved: () => void
  readonly onLeftDue: () => void
}

/** Keeps the sources equal to the active plans. */
export function sourcesOf(core: SchedulerCore, { table, onMoved, onLeftDue }: SourcesOptions) {
  let known = new Map<string, PlannedSource>()

  const enact = async (planned: PlannedSource): Promise<void> => {
    const { key } = planned
    const change = decideChange(known.get(key), planned)
    if (change.kind === 'keep') return
    table.remove(key)
    if (change.kind === 'suspend') return markSource(core, planned)
    const moved = (): void => {
      table.enter(key)
      onMoved()
    }
    const source = await openSource(core, planned, { isFirstSeen: change.isFirstSeen, onMoved: moved, onLeftDue })
    if (source !== undefined) table.put(key, source)
  }
  return {
    /** False when some could not be opened, because the store did not answer. */
    refresh: async (): Promise<boolean> => {
      const plans = core.plans.flows().flatMap((flow) => core.plans.active(flow) ?? [])
      const wanted = planSources(plans)
      const next = new Map(wanted.map((source) => [source.key, source]))
      for (const key of known.keys()) if (!next.has(key)) table.remove(key)
      for (const source of wanted) {
        await enact(source).catch((err: unknown) => {
          next.delete(source.key)
          core.log.warn({ flow: source.flow, trigger: source.trigger, err }, 'trigger not scheduled yet')
        })
      }
      known = next
      return next.size === wanted.length
    },
    entrySettled: ({ flow, trigger, run }: Pick<MessageHeaders, 'flow' | 'trigger' | 'run'>, emitted: number): void => {
      table.get(`${flow}/${trigger}`)?.settled?.(run, emitted)
    },
    nextFires: (): NextFire[] =>
      [...known.values()].flatMap(({ key, flow, trigger }) => {
        const at = table.get(key)?.dueAt()
        return at === undefined ? [] : [{ flow, trigger, at }]
      }),
    /** What is suspended has missed nothing until now. */
    close: async (): Promise<void> => {
      for (const source of known.values()) if (source.isSuspended) await markSource(core, source)
    },
  }
}
