import type { DatabaseSync } from 'node:sqlite'
import type { FlowState } from '../../../flow/plan/flow-state.ts'
import type { FlowStateStore, VersionedFlowState } from '../store.ts'
import type { GroupCommit } from './group-commit.ts'

interface Row {
  readonly version: number
  readonly state: string
}

export function sqliteFlows(database: DatabaseSync, { read, write }: GroupCommit): FlowStateStore {
  const select = database.prepare('SELECT version, state FROM flows WHERE flow = ?')
  const selectAll = database.prepare('SELECT version, state FROM flows ORDER BY flow')
  const insert = database.prepare('INSERT INTO flows (flow, version, state) VALUES (?, 1, ?) ON CONFLICT DO NOTHING')
  const update = database.prepare('UPDATE flows SET version = version + 1, state = ? WHERE flow = ? AND version = ?')
  const remove = database.prepare('DELETE FROM flows WHERE flow = ? AND version = ?')
  const rowOf = (flow: string): Row | undefined => select.get(flow) as Row | undefined // the columns of the statement
  return {
    get: (flow) =>
      read(() => {
        const row = rowOf(flow)
        return row && toState(row)
      }),
    put: (state, before) =>
      write(() => {
        const json = JSON.stringify(state)
        const { changes } = before === 0 ? insert.run(state.flow, json) : update.run(json, state.flow, before)
        return changes === 1 ? 'written' : 'conflict'
      }),
    list: () => read(() => (selectAll.all() as unknown as Row[]).map(toState)), // the columns of the statement
    remove: (flow, before) =>
      write(() => (remove.run(flow, before).changes === 1 || rowOf(flow) === undefined ? 'removed' : 'conflict')),
  }
}

function toState({ version, state }: Row): VersionedFlowState {
  return { version, state: JSON.parse(state) as FlowState } // as put
}
