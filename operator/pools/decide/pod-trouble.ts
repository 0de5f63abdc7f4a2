import { fieldsOf, itemsOf } from './lay-over.ts'
import type { Fields } from './pool-wish.ts'

/** Why pods of a pool do not work, as a reason of a condition and in words. */
export interface PodTrouble {
  readonly reason: string
  readonly message: string
}

const words: Readonly<Record<string, string>> = {
  ErrImagePull: 'its image cannot be pulled',
  ImagePullBackOff: 'its image cannot be pulled',
  InvalidImageName: 'its image’s name cannot be read',
  ErrImageNeverPull: 'its image is not on the node, and may not be pulled',
  CreateContainerConfigError: 'something that it names is not there',
  CreateContainerError: 'its container cannot be made',
  RunContainerError: 'its container cannot be started',
  CrashLoopBackOff: 'it ends again and again',
}
/** The first is what the others come to. */
const oneReason: Readonly<Record<string, string>> = { ErrImagePull: 'ImagePullBackOff' }
const longestMessage = 1_000

/** What keeps a pod from working that will not go away by waiting; undefined while it starts, or works. */
export function podTrouble(pod: Fields): PodTrouble | undefined {
  const status = fieldsOf(pod['status'])
  const containers = [...itemsOf(status['initContainerStatuses']), ...itemsOf(status['containerStatuses'])]
  for (const container of containers) {
    const trouble = containerTrouble(container)
    if (trouble !== undefined) return trouble
  }
  const scheduled = itemsOf(status['conditions']).find(({ type }) => type === 'PodScheduled')
  if (scheduled?.['status'] !== 'False' || scheduled['reason'] !== 'Unschedulable') return undefined
  return { reason: 'Unschedulable', message: cut(`no node takes its pod: ${textOf(scheduled['message'])}`) }
}

function containerTrouble({ name, state, lastState }: Fields): PodTrouble | undefined {
  const { reason, message } = fieldsOf(fieldsOf(state)['waiting'])
  const known = typeof reason === 'string' && Object.hasOwn(words, reason) ? words[reason] : undefined
  if (known === undefined || typeof reason !== 'string') return undefined
  const why = reason === 'CrashLoopBackOff' ? lastEnd(fieldsOf(fieldsOf(lastState)['terminated'])) : textOf(message)
  return {
    reason: oneReason[reason] ?? reason,
    message: cut(`container ${textOf(name)}: ${known}${why === '' ? '' : `: ${why}`}`),
  }
}

function lastEnd({ reason, exitCode, message }: Fields): string {
  if (reason === 'OOMKilled') return 'it used more memory than its limit allows'
  const code = typeof exitCode === 'number' ? `exit code ${exitCode}` : ''
  return [code, textOf(message).trim()].filter((part) => part !== '').join(', ')
}

/** Of a Deployment whose pods the API server refuses: a quota, a policy. */
export function replicaTrouble(deployment: Fields): PodTrouble | undefined {
  const conditions = itemsOf(fieldsOf(deployment['status'])['conditions'])
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  if (failure === undefined) return undefined
  return { reason: 'PodsRefused', message: cut(`its pods are refused: ${textOf(failure['message'])}`) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function cut(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text
}
