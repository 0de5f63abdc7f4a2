import type { Step } from '../../crds/v1alpha1/step.ts'
import type { FunctionContract } from '../../flow/component/component-contract.ts'
import { sleep } from '../../runtime/clock.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Random } from './random.ts'
import type { CallResult } from '../../runtime/runner/component-host.ts'
import type { Script, ScriptedCall } from './runner-rig.ts'

/** What the messages of a random flow hold. */
export interface Item {
  readonly id: string
  readonly n: number
}

/** A flow made at random, with the model that says what must become of a message. */
export interface RandomFlow {
  readonly steps: readonly Step[]
  readonly functions: Readonly<Record<string, Partial<FunctionContract>>>
  readonly parts: readonly RandomStep[]
}

export type RandomStep = {
  readonly name: string
  readonly next: readonly RandomEdge[]
  readonly errors: { readonly attempts: number; readonly then: 'deadLetter' | 'discard'; readonly to?: string }
} & (
  | { readonly kind: 'component'; readonly behaviour: Behaviour }
  | { readonly kind: 'filter' | 'split' | 'transform' | 'wait' | 'fail' }
)

export interface RandomEdge {
  readonly to: string
  readonly condition: 'none' | 'even' | 'otherwise'
}

export interface Behaviour {
  readonly salt: number
  readonly trouble: 'none' | 'error' | 'permanent' | 'death' | 'innocent' | 'rebound' | 'patience'
  readonly emits: number
  /** Before it fails: the messages that it gives then are given again by the next attempt. */
  readonly emitsEarly: boolean
  readonly late: boolean
  readonly ordered: boolean
  readonly snapshot: boolean
  readonly delayMs: number
}

/** @param options.withLate components may emit after their end; such a message is lost when its runner dies */
export function randomFlow(random: Random, options: { readonly withLate: boolean }): RandomFlow {
  const count = random.between(1, 6)
  const names = Array.from({ length: count }, (_, at) => `s${at}`)
  const hasSnapshot = random.chance(0.3)
  return flowOf(
    names.map((name, at) => randomStep(random, { name, later: names.slice(at + 1), hasSnapshot, ...options })),
  )
}

export function flowOf(parts: readonly RandomStep[]): RandomFlow {
  return { parts, steps: parts.map(stepOf), functions: Object.fromEntries(parts.map(functionOf)) }
}

export interface Place {
  readonly name: string
  readonly later: readonly string[]
  readonly hasSnapshot: boolean
  readonly withLate: boolean
}

export function randomStep(random: Random, place: Place): RandomStep {
  const { name, later } = place
  const next = randomEdges(random, later)
  const to = later.length > 0 && random.chance(0.25) ? random.pick(later) : undefined
  const then = random.chance(0.3) ? 'discard' : 'deadLetter'
  const errors = { attempts: random.between(1, 3), then, ...(to !== undefined && { to }) } as const
  if (random.chance(0.55)) return { name, next, errors, kind: 'component', behaviour: randomBehaviour(random, place) }
  return { name, next, errors, kind: random.pick(['filter', 'split', 'transform', 'transform', 'wait', 'fail']) }
}

export function randomBehaviour(random: Random, { hasSnapshot, withLate }: Place): Behaviour {
  return {
    salt: random.between(0, 1000),
    trouble: random.pick(['none', 'none', 'error', 'permanent', 'death', 'innocent', 'rebound', 'patience']),
    emits: random.between(0, 2),
    // Not where ids count: a message that was given twice is settled once by a step with a snapshot.
    emitsEarly: !hasSnapshot && random.chance(0.3),
    late: withLate && random.chance(0.2),
    ordered: random.chance(0.2),
    snapshot: hasSnapshot && random.chance(0.5),
    delayMs: random.chance(0.5) ? 0 : random.between(1, 2000),
  }
}

export function randomEdges(random: Random, later: readonly string[]): RandomEdge[] {
  const targets = later.filter(() => random.chance(0.4)).slice(0, 3)
  if (targets.length < 2 || random.chance(0.4)) return targets.map((to) => ({ to, condition: 'none' }))
  const [first = '', second = '', third] = targets
  const edges: RandomEdge[] = [
    { to: first, condition: 'even' },
    { to: second, condition: 'otherwise' },
  ]
  return third === undefined ? edges : [...edges, { to: third, condition: 'none' }]
}

function stepOf(step: RandomStep): Step {
  const { name, errors } = step
  const next = step.next.map(({ to, condition }) => ({
    to,
    ...(condition === 'even' && { when: 'data.n % 2 = 0' }),
    ...(condition === 'otherwise' && { otherwise: true }),
  }))
  const retry = { maxAttempts: errors.attempts, initialDelaySeconds: 1, maxDelaySeconds: 8, factor: 2 }
  const ends = errors.to === undefined ? { then: errors.then } : { to: errors.to }
  if (step.kind === 'component') {
    const { ordered } = step.behaviour
    // What a component does is in its config: a revision that changes it gets another child.
    const config = { behaviour: JSON.stringify(step.behaviour) }
    const called = { component: 'app', function: name, config }
    return { name, next, ...called, onError: { retry, ...ends }, ...(ordered && { order: {} }) }
  }
  return { name, next, onError: ends, ...builtIns[step.kind] }
}

const builtIns = {
  filter: { filter: 'data.n % 3 != 0' },
  split: {
    split: 'data.n % 4 = 0 ? [] : [{"id": data.id & "a", "n": data.n + 1}, {"id": data.id & "b", "n": data.n + 2}]',
  },
  transform: { transform: '{"id": data.id & "t", "n": data.n % 5 = 4 ? $error("four") : data.n + 1}' },
  wait: { wait: { seconds: 5 } },
  fail: { fail: { code: 'Refused', message: '"no"' } },
} as const satisfies Record<string, Partial<Step>>

function functionOf(step: RandomStep): [string, Partial<FunctionContract>] {
  const isSnapshot = step.kind === 'component' && step.behaviour.snapshot
  return [step.name, isSnapshot ? { snapshot: true } : {}]
}

/** How often a message fails at a component, by what it is and nothing else. */
export function failuresOf({ salt }: Behaviour, { id, n }: Item): number {
  return (hashOf(`${salt}${id}`) + n) % 4
}

export function outputsOf({ emits }: Behaviour, { id, n }: Item): Item[] {
  return Array.from({ length: emits }, (_, at) => ({ id: `${id}.${at}`, n: (n * 7 + at + 1) % 10 }))
}

/** How long after the end of a call its late emit comes. */
export const lateMs = 50

export function lateOutput({ id, n }: Item): Item {
  return { id: `${id}.late`, n: (n + 3) % 10 }
}

function hashOf(text: string): number {
  let value = 7
  for (const char of text) value = (value * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003
  return value
}

/** The component of every random flow, by function name: it does what its config says. */
export function scriptsOf(names: readonly string[], clock: () => Clock): Record<string, Script> {
  return Object.fromEntries(names.map((name) => [name, scriptOf(clock)]))
}

function scriptOf(clock: () => Clock): Script {
  const met = new Map<string, number>()
  return async (call) => {
    const behaviour = JSON.parse(call.config['behaviour'] as string) as Behaviour
    if (behaviour.delayMs > 0) await sleep(clock(), behaviour.delayMs)
    const { messageId } = call.context
    const times = (met.get(messageId) ?? 0) + 1
    met.set(messageId, times)
    const trouble = troubleOf(behaviour, call, times)
    if (trouble !== 'none') return makeTrouble(behaviour, call, trouble)
    await succeed(behaviour, call, clock())
    return undefined
  }
}

function troubleOf(behaviour: Behaviour, { data, context }: ScriptedCall, times: number): Behaviour['trouble'] {
  const { trouble } = behaviour
  const failures = failuresOf(behaviour, data as Item)
  const happens = {
    none: false,
    innocent: times === 1 && failures > 1,
    patience: times === 1 && failures > 1,
    rebound: context.reboundReason === undefined && failures > 1,
    permanent: failures === 3,
    error: context.attempt <= failures,
    death: context.attempt <= failures,
  }
  return happens[trouble] ? trouble : 'none'
}

async function makeTrouble(
  behaviour: Behaviour,
  call: ScriptedCall,
  trouble: Exclude<Behaviour['trouble'], 'none'>,
): Promise<CallResult | undefined> {
  const crash = { code: 'ComponentCrashed', message: 'it died' }
  switch (trouble) {
    case 'innocent':
      return { kind: 'died', innocent: true, failure: crash }
    case 'patience':
      await call.emitError({ message: 'slow down', retryAfterSeconds: 3 })
      return undefined
    case 'rebound':
      await call.onEmit({ kind: 'rebound', reason: 'later' })
      return undefined
    case 'permanent':
      await call.emitError({ code: 'Hopeless', message: 'no', permanent: true })
      return undefined
    case 'error':
      if (behaviour.emitsEarly) await emitAll(behaviour, call)
      await call.emitError({ code: 'Busy', message: 'busy' })
      return undefined
    case 'death':
      if (behaviour.emitsEarly) await emitAll(behaviour, call)
      return { kind: 'died', failure: crash }
  }
}

async function succeed(behaviour: Behaviour, call: ScriptedCall, clock: Clock): Promise<void> {
  if (behaviour.snapshot) {
    const { count = 0 } = call.snapshot as { count?: number }
    await call.onEmit({ kind: 'snapshot', value: { count: count + 1 } })
  }
  await emitAll(behaviour, call)
  // Refused when its runner is gone by then.
  if (behaviour.late) clock.setTimer(lateMs, () => void call.emitData(lateOutput(call.data as Item)).catch(() => {}))
}

async function emitAll(behaviour: Behaviour, call: ScriptedCall): Promise<void> {
  for (const output of outputsOf(behaviour, call.data as Item)) await call.emitData(output)
}
