import type { FlowState } from '../../../flow/plan/flow-state.ts'
import { freshId } from '../../wire/message-id.ts'
import type { FlowStateStore, VersionedFlowState } from '../store.ts'
import { ifOurs } from './if-ours.ts'
import { isDuplicateKey } from './mongo-error.ts'
import type { MongoLink } from './mongo-link.ts'

interface Entry {
  /** The flow's uid. */
  readonly _id: string
  readonly version: number
  readonly state: string
  /** Names the last write. */
  readonly by: string
}

export function mongoFlows(link: MongoLink): FlowStateStore {
  const flows = link.deciding<Entry>('flows')

  const write = async (before: number, entry: Entry): Promise<boolean> => {
    if (before > 0) {
      const { matchedCount } = await flows.replaceOne({ _id: entry._id, version: before }, entry)
      return matchedCount === 1
    }
    try {
      await flows.insertOne(entry)
      return true
    } catch (error) {
      if (isDuplicateKey(error)) return false
      throw error
    }
  }
  return {
    get: (flow) =>
      link.run(async () => {
        const entry = await flows.findOne({ _id: flow })
        return entry === null ? undefined : toState(entry)
      }),
    put: (state, before) => {
      const entry = { _id: state.flow, version: before + 1, state: JSON.stringify(state), by: freshId() }
      return link.run(async () =>
        (await write(before, entry)) || (await ifOurs(flows, entry._id, entry.by)) ? 'written' : 'conflict',
      )
    },
    list: () => link.run(async () => (await flows.find().sort({ _id: 1 }).toArray()).map(toState)),
    remove: (flow, before) =>
      link.run(async () => {
        const { deletedCount } = await flows.deleteOne({ _id: flow, version: before })
        return deletedCount === 1 || (await flows.findOne({ _id: flow })) === null ? 'removed' : 'conflict'
      }),
  }
}

function toState({ version, state }: Entry): VersionedFlowState {
  return { version, state: JSON.parse(state) as FlowState } // as put
}
