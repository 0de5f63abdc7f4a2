import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { oneByOne } from '../scheduler/one-by-one.ts'
import type { Store } from '../store/store.ts'
import { filePath, flowDirectories, flowDirectory, planFile, stateFile } from './plan-files.ts'

/** Writes states and plans from the store into files, for runners that have no other way to them. */
export interface PlanDirectory {
  /** Writes the flow as it is now, or removes it. Safe to repeat; one writer at a time for a directory. */
  readonly write: (flow: string) => Promise<void>
  /** The same for all flows; what is of none goes. */
  readonly writeAll: () => Promise<void>
}

/** Makes the directory. A reader sees each file whole, and a state only when the plans that it names are there. */
export async function openPlanDirectory(root: string, store: Pick<Store, 'flows' | 'plans'>): Promise<PlanDirectory> {
  await mkdir(root, { recursive: true })
  const inTurn = oneByOne()
  const write = (flow: string): Promise<void> => inTurn(flow, () => writeFlow(root, store, flow))
  return {
    write,
    writeAll: async () => {
      const flows = (await store.flows.list()).map(({ state }) => state.flow)
      for (const flow of flows) await write(flow)
      const wanted = new Set(flows.map(flowDirectory))
      for (const directory of await flowDirectories(root)) {
        if (!wanted.has(directory)) await removeDirectory(root, directory)
      }
    },
  }
}

async function writeFlow(root: string, { flows, plans }: Pick<Store, 'flows' | 'plans'>, flow: string): Promise<void> {
  const directory = flowDirectory(flow)
  const state = (await flows.get(flow))?.state
  if (state === undefined) return removeDirectory(root, directory)
  await mkdir(join(root, directory), { recursive: true })
  const there = new Set(await readdir(join(root, directory)))
  const kept = new Set(state.kept.map(({ revision }) => planFile(revision)))
  for (const { revision } of state.kept) {
    if (there.has(planFile(revision))) continue
    const plan = await plans.get(flow, revision)
    if (plan !== undefined) await writeWhole(filePath(root, directory, planFile(revision)), plan)
  }
  await writeWhole(filePath(root, directory, stateFile), state)
  for (const file of there) {
    if (file !== stateFile && !kept.has(file)) await rm(filePath(root, directory, file), { force: true })
  }
}

/** The state first: without it the rest is nobody's. */
async function removeDirectory(root: string, directory: string): Promise<void> {
  await rm(filePath(root, directory, stateFile), { force: true })
  await rm(join(root, directory), { recursive: true, force: true })
}

/** Whole or not at all, after a power cut too. */
async function writeWhole(path: string, value: unknown): Promise<void> {
  const unfinished = join(path, '..', '.unfinished')
  const file = await open(unfinished, 'w')
  try {
    await file.writeFile(JSON.stringify(value))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
}
