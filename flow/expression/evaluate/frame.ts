import type { Scope } from '../expression.ts'
import type { Budget } from './budget.ts'
import { spendElements } from './budget.ts'

/** One evaluation of one expression. */
export interface Evaluation {
  readonly source: string
  readonly scope: Scope
  readonly budget: Budget
  /** Of what is bound nowhere else: the scope's own names, then the built-ins. */
  readonly global: (name: string) => unknown
  /** 0 ≤ n < 1; the same numbers in the same order for the same message. */
  readonly random: () => number
}

/** What is bound for every expression, beside the message and the functions. */
export const scopeNames = ['steps', 'trigger', 'run', 'flow', 'step'] as const

/** The variables of a block or of a function's call, and those around it. */
export interface Frame {
  readonly evaluation: Evaluation
  readonly parent: Frame | undefined
  bindings: Binding | undefined
}

interface Binding {
  readonly name: string
  value: unknown
  readonly next: Binding | undefined
}

/** An expression, or a part of one, made ready to run. */
export type Evaluator = (input: unknown, frame: Frame) => unknown

export function openFrame(evaluation: Evaluation): Frame {
  return { evaluation, parent: undefined, bindings: undefined }
}

export function childFrame(parent: Frame): Frame {
  return { evaluation: parent.evaluation, parent, bindings: undefined }
}

export function bind(frame: Frame, name: string, value: unknown): void {
  const known = bindingOf(frame, name)
  if (known !== undefined) {
    known.value = value
    return
  }
  spendElements(frame.evaluation.budget)
  frame.bindings = { name, value, next: frame.bindings }
}

export function lookup(frame: Frame, name: string): unknown {
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    const binding = bindingOf(at, name)
    if (binding !== undefined) return binding.value
  }
  return frame.evaluation.global(name)
}

function bindingOf(frame: Frame, name: string): Binding | undefined {
  let binding = frame.bindings
  while (binding !== undefined && binding.name !== name) binding = binding.next
  return binding
}
