import type { DatabaseSync } from 'node:sqlite'
import type { Plan } from '../../../flow/plan/plan.ts'
import { revisionTaken } from '../revision-taken.ts'
import type { PlanStore } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

export function sqlitePlans(database: DatabaseSync, { read, write }: GroupCommit): PlanStore {
  const upsert = database.prepare(
    `INSERT INTO plans (flow, revision, hash, plan) VALUES (?, ?, ?, ?)
     ON CONFLICT (flow, revision) DO UPDATE SET plan = excluded.plan WHERE plans.hash = excluded.hash`,
  )
  const select = database.prepare('SELECT plan FROM plans WHERE flow = ? AND revision = ?')
  const selectLatest = database.prepare('SELECT plan FROM plans WHERE flow = ? ORDER BY revision DESC LIMIT 1')
  const selectRevisions = database.prepare('SELECT revision FROM plans WHERE flow = ? ORDER BY revision')
  const remove = database.prepare('DELETE FROM plans WHERE flow = ? AND revision = ?')
  return {
    put: (plan) =>
      write(() => {
        const { changes } = upsert.run(plan.flow.uid, plan.revision, plan.hash, JSON.stringify(plan))
        if (changes === 0) throw revisionTaken(plan)
      }),
    get: (flow, revision) => read(() => planOf(select.get(flow, revision))),
    latest: (flow) => read(() => planOf(selectLatest.get(flow))),
    revisions: (flow) => read(() => selectRevisions.all(flow).map((row) => Number(row['revision']))),
    remove: (flow, revision) => write(() => void remove.run(flow, revision)),
  }
}

function planOf(row: Record<string, unknown> | undefined): Plan | undefined {
  return row && (JSON.parse(String(row['plan'])) as Plan) // as put
}
