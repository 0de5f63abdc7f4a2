import { createContext, Script } from 'node:vm'

export type InTime<Value> = { readonly kind: 'done'; readonly value: Value } | { readonly kind: 'tooSlow' }

const box: { task: () => unknown } = { task: () => undefined }
const context = createContext(box)
const script = new Script('task()')

/**
 * Runs synchronous code, and ends it after so many milliseconds: not even its `finally` runs then, so that nothing that it was changing may be used again.
 * Throws what it throws.
 *
 * By `vm`, whose watchdog ends whatever JavaScript runs in the isolate, of this context or not. That takes some 70 µs of processor time a call (a thread).
 * A worker that is ended would need a heap of its own, and a copy of each value that is looked at.
 */
export function withinTime<Value>(limitMs: number, task: () => Value): InTime<Value> {
  let value: { readonly of: Value } | undefined
  box.task = () => {
    value = { of: task() }
  }
  try {
    script.runInContext(context, { timeout: limitMs })
  } catch (error) {
    if (isTimeout(error)) return { kind: 'tooSlow' }
    throw error
  } finally {
    box.task = () => undefined
  }
  return value === undefined ? { kind: 'tooSlow' } : { kind: 'done', value: value.of }
}

/** No instance of this realm's Error. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === timeoutCode
}

const timeoutCode = 'ERR_SCRIPT_EXECUTION_TIMEOUT'
