import type { Run } from '../../runtime/store/store.ts'
import type { RunSummary } from './run-summary.ts'

/** A run for programs; instants as RFC 3339 has them. */
export function runValue(
  { id, namespace, flow: flowUid, trigger, revision, startedAt }: Run,
  flow: string,
  { lastAt, ...summary }: RunSummary,
) {
  return {
    id,
    flow,
    flowUid,
    namespace,
    trigger,
    revision,
    ...summary,
    startedAt: new Date(startedAt).toISOString(),
    ...(lastAt !== undefined && {
      lastSeenAt: new Date(lastAt).toISOString(),
      durationMs: Math.max(0, lastAt - startedAt),
    }),
  }
}
