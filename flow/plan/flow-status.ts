import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { FlowChangeState, PendingChange } from '../../crds/v1alpha1/flow-status.ts'
import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import type { FlowState, PendingBlock, PendingRevision } from './flow-state.ts'
import { linesOf, listsIn, MalformedLine, type StateLines } from './state-lines.ts'

/** A state, and how often it was written. */
export interface CountedState {
  readonly state: FlowState
  /** 1 after the first write. */
  readonly version: number
}

/** A Flow, as far as its state goes. */
export interface FlowWithState {
  readonly metadata: { readonly uid?: string; readonly namespace?: string; readonly name: string }
  readonly status?: unknown
}

export type ReadState =
  /** Nothing was ever written. */
  | { readonly kind: 'none' }
  | ({ readonly kind: 'read' } & CountedState)
  /** It must not be taken for none: revisions would be numbered anew. `problem` says what to do. */
  | { readonly kind: 'malformed'; readonly problem: string }

/** An edit that would make the state larger waits until there is room; what else happens to a flow adds next to nothing. */
export const mostStateBytes = 30_000

const format = 1
/** Of the lists as JSON: as long as they can be read, they are written so. */
const mostPlainBytes = 8192
/** What somebody could make of 32 KiB. */
const mostUnpackedBytes = 4 * 1024 * 1024

/**
 * The state as it stands in the status of its Flow: a state of 128 component steps has room there in every phase. Name and namespace are the Flow's
 * own, and of kept plans those that were active before have no hash there; all else comes back from `readFlowState` as it was.
 */
export function flowStateInStatus({ state, version }: CountedState): FlowChangeState {
  const { namespace: _namespace, name: _name, living, retiring, kept, pending, suspended, frozen, ...rest } = state
  const lines = linesOf(state.flow, { living, stages: pending?.stages, retiring, kept })
  return {
    format,
    version,
    ...rest,
    ...(pending !== undefined && { pending: withoutStages(pending) }),
    ...(suspended && { suspended }),
    ...(frozen && { frozen }),
    ...listed(lines),
  }
}

/** The state that a Flow has in its status. Total: whatever stands there. */
export function readFlowState({ metadata, status }: FlowWithState): ReadState {
  const found = isJsonObject(status) ? status['state'] : undefined
  if (found === undefined || found === null) return { kind: 'none' }
  try {
    return { kind: 'read', ...stateIn(metadata, fieldsOf('status.state', found)) }
  } catch (error) {
    if (!(error instanceof MalformedLine)) throw error
    const whose = `Flow ${metadata.namespace ?? 'default'}/${metadata.name}`
    const remedy = 'put back what stood there (a backup has it); without it, delete the Flow and create it again'
    return { kind: 'malformed', problem: `status.state of ${whose} cannot be used: ${error.message}; ${remedy}` }
  }
}

/** Bytes of it in the status. */
export function stateBytes(state: FlowChangeState): number {
  return Buffer.byteLength(JSON.stringify(state))
}

function withoutStages({ stages: _stages, ...pending }: PendingRevision): PendingChange {
  return pending
}

function listed(lines: StateLines): Partial<FlowChangeState> {
  const used = Object.fromEntries(Object.entries(lines).filter(([, list]) => list.length > 0))
  const text = JSON.stringify(used)
  if (text.length <= mostPlainBytes) return used
  return { packed: deflateRawSync(text, { level: 9 }).toString('base64') }
}

type Fields = Readonly<Record<string, unknown>>

function stateIn(metadata: FlowWithState['metadata'], fields: Fields): CountedState {
  const written = wholeNumber(fields, 'format', 1)
  if (written !== format)
    throw new MalformedLine(
      `its form is ${written}, and this version of Weir knows ${format}: upgrade the operator first`,
    )
  const flow = text(fields, 'flow')
  if (flow !== metadata.uid) throw new MalformedLine(`it is of the flow with the uid ${JSON.stringify(flow)}`)
  const { living, retiring, kept, stages } = listsIn(flow, linesIn(fields))
  const pending = pendingIn(fields['pending'], stages)
  const version = wholeNumber(fields, 'version', 1)
  const state: FlowState = {
    flow,
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    lastRevision: wholeNumber(fields, 'lastRevision', 0),
    ...optional(fields, 'active', wholeNumber),
    ...(pending !== undefined && { pending }),
    kept,
    living,
    retiring,
    suspended: flag(fields, 'suspended'),
    frozen: flag(fields, 'frozen'),
    ...optional(fields, 'stoodSince', number),
    ...optional(fields, 'pinned', wholeNumber),
    ...optional(fields, 'deletion', () => {
      const deletion = fieldsOf('deletion', fields['deletion'])
      return { askedAt: number(deletion, 'askedAt'), deadlineMs: number(deletion, 'deadlineMs') }
    }),
    ...optional(fields, 'retirer', () => {
      const retirer = fieldsOf('retirer', fields['retirer'])
      return { by: text(retirer, 'by'), until: number(retirer, 'until') }
    }),
  }
  return { state, version }
}

function pendingIn(value: unknown, stages: PendingRevision['stages']): PendingRevision | undefined {
  if (value === undefined) {
    if (stages.length > 0) throw new MalformedLine('it introduces queues of no revision')
    return undefined
  }
  const fields = fieldsOf('pending', value)
  return {
    revision: wholeNumber(fields, 'revision', 0),
    hash: text(fields, 'hash'),
    stages,
    ...optional(fields, 'declaredAt', number),
    ...optional(fields, 'blocked', blockIn),
  }
}

function blockIn(fields: Fields): PendingBlock {
  const { blocked } = fields
  if (blocked !== 'TooManyQueues' && blocked !== 'Suspended')
    throw new MalformedLine(`${JSON.stringify(blocked)} is no reason to wait that this version knows`)
  return blocked
}

function linesIn(fields: Fields): StateLines {
  const lists = fields['packed'] === undefined ? fields : unpacked(text(fields, 'packed'))
  const list = (name: string): readonly string[] => {
    const value = lists[name] ?? []
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
    throw new MalformedLine(`\`${name}\` is no list of lines`)
  }
  return { living: list('living'), introducing: list('introducing'), retiring: list('retiring'), kept: list('kept') }
}

function unpacked(packed: string): Fields {
  try {
    const bytes = inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: mostUnpackedBytes })
    return fieldsOf('packed', JSON.parse(bytes.toString()))
  } catch (error) {
    throw error instanceof MalformedLine ? error : new MalformedLine('`packed` is damaged')
  }
}

function fieldsOf(name: string, value: unknown): Fields {
  if (isJsonObject(value)) return value
  throw new MalformedLine(`\`${name}\` is no object`)
}

function optional<Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (fields: Fields, name: Name) => Value,
): { readonly [Key in Name]?: Value } {
  return fields[name] === undefined ? {} : ({ [name]: read(fields, name) } as { readonly [Key in Name]?: Value }) // the one key
}

function number(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new MalformedLine(`\`${name}\` is no number`)
}

function wholeNumber(fields: Fields, name: string, least = 0): number {
  const value = number(fields, name)
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new MalformedLine(`\`${name}\` is not a whole number of at least ${least}`)
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string') return value
  throw new MalformedLine(`\`${name}\` is no text`)
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false
  if (typeof value === 'boolean') return value
  throw new MalformedLine(`\`${name}\` is neither true nor false`)
}
