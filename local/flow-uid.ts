import { hash } from 'node:crypto'

/** A flow's uid where no API server gives one: the same for the same name, so that a later run finds its state. */
export function localFlowUid(namespace: string, name: string): string {
  const digits = hash('sha256', `${namespace}/${name}`, 'hex')
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-')
}
