import { count } from '../format-findings.ts'

/** @param left undefined where the broker does not say */
export function waitingAt(brokerName: string, left: number | undefined): string {
  if (left === undefined) return `messages may wait in ${brokerName}, which does not answer now`
  return `${count(left, 'message')} ${left === 1 ? 'waits' : 'wait'} in ${brokerName}`
}
