import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FlowState } from '../../flow/plan/flow-state.ts'
import type { Plan } from '../../flow/plan/plan.ts'
import { TransientError } from '../error.ts'

/** Under the root: a directory for each flow, with its state and its plans by number. What begins with a dot is being written. */
export const stateFile = 'state.json'

export function planFile(revision: number): string {
  return `${revision}.json`
}

/** A flow's directory. A uid with characters that a path might take in another way has another name than its own. */
export function flowDirectory(flow: string): string {
  return /^[\w-][\w.-]{0,127}$/.test(flow) ? flow : `~${createHash('sha256').update(flow).digest('hex')}`
}

/** Names of the flows' directories. */
export async function flowDirectories(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
}

/** Undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new TransientError('FileUnreadable', `cannot read ${path}`, { cause: error })
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** @throws {TransientError} `FileUnreadable`: it is torn, or no state of a flow that belongs here */
export function parseState(path: string, text: string, directory: string): FlowState {
  const state = parsed(path, text) as Partial<FlowState> | null // each field that is needed is looked at
  const isState =
    typeof state?.flow === 'string' &&
    flowDirectory(state.flow) === directory &&
    Array.isArray(state.living) &&
    Array.isArray(state.kept)
  if (!isState) throw new TransientError('FileUnreadable', `${path} is no state of the flow whose directory it is in`)
  return state as FlowState // written by this version or an older one
}

/** @throws {TransientError} `FileUnreadable`: it is torn, or not the plan of this number */
export function parsePlan(path: string, text: string, revision: number): Plan {
  const plan = parsed(path, text) as Partial<Plan> | null // each field that is needed is looked at
  const isPlan = plan?.revision === revision && plan.format === 1 && Array.isArray(plan.stages)
  if (!isPlan)
    throw new TransientError('FileUnreadable', `${path} is no plan of revision ${revision} that this version knows`)
  return plan as Plan // written by this version
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TransientError('FileUnreadable', `${path} is not JSON`, { cause: error })
  }
}

/** The path of a flow's file. */
export function filePath(root: string, directory: string, file: string): string {
  return join(root, directory, file)
}
