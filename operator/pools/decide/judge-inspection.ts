import { fieldsOf, itemsOf } from './lay-over.ts'
import { podTrouble, type PodTrouble } from './pod-trouble.ts'
import type { Fields } from './pool-wish.ts'

/** How far an inspecting pod has come. */
export type InspectionState =
  | { readonly kind: 'running' }
  /** What it has left behind. */
  | { readonly kind: 'told'; readonly message: string }
  | ({ readonly kind: 'failed' } & PodTrouble)

const longestMessage = 500

export function inspectionState(pod: Fields): InspectionState {
  const status = fieldsOf(pod['status'])
  const [container = {}] = itemsOf(status['containerStatuses'])
  const ended = fieldsOf(fieldsOf(container['state'])['terminated'])
  const { exitCode, message, reason } = ended
  if (exitCode === 0) return { kind: 'told', message: typeof message === 'string' ? message : '' }
  if (typeof exitCode === 'number')
    return failed(`${String(reason)}, exit code ${exitCode}: is there a Node in its image?`)
  if (status['phase'] === 'Failed') return failed(`${String(status['reason'])}: ${String(status['message'])}`)
  const trouble = podTrouble(pod)
  return trouble === undefined ? { kind: 'running' } : { kind: 'failed', ...trouble }
}

function failed(why: string): InspectionState {
  const message = `its image’s component.json cannot be read: ${why.slice(0, longestMessage)}`
  return {
    kind: 'failed',
    reason: 'FunctionsUnreadable',
    message: `${message}; name its functions in \`spec.functions\``,
  }
}
