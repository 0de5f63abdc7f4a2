import type { Item, RandomEdge, RandomFlow, RandomStep } from './random-flow.ts'
import { failuresOf, lateOutput, outputsOf } from './random-flow.ts'

/** How messages end, one line each; a line stands there as often as a message ends so. */
export interface Ends {
  readonly finished: string[]
  readonly dead: string[]
  /** The same with their messages, of which dead letters keep one of each id. */
  readonly letters: string[]
  readonly discarded: string[]
  readonly filtered: string[]
}

export function noEnds(): Ends {
  return { finished: [], dead: [], letters: [], discarded: [], filtered: [] }
}

/** What must become of a message that enters a random flow at its first step: the same rules, told as plainly as they can be. */
export function expectedEnds({ parts }: RandomFlow, first: Item): Ends {
  const ends = noEnds()
  const byName = new Map(parts.map((step) => [step.name, step]))
  const enter = (name: string, item: Item): void => {
    const step = byName.get(name)
    if (step !== undefined) work(step, item)
  }
  const fail = (step: RandomStep, item: Item, code: string): void => {
    if (step.errors.to !== undefined) enter(step.errors.to, item)
    else if (step.errors.then === 'discard') ends.discarded.push(`${step.name} ${code}`)
    else {
      ends.dead.push(`${step.name} ${code}`)
      ends.letters.push(`${step.name} ${item.id} ${code}`)
    }
  }
  const leave = ({ name, next }: RandomStep, item: Item): void => {
    if (next.length === 0) return void ends.finished.push(`${name} ${item.id} ${item.n}`)
    const taken = takenEdges(next, item)
    if (taken.length === 0) ends.filtered.push(name)
    for (const { to } of taken) enter(to, item)
  }
  const work = (step: RandomStep, item: Item): void => {
    switch (step.kind) {
      case 'filter':
        return item.n % 3 === 0 ? void ends.filtered.push(step.name) : leave(step, item)
      case 'split':
        if (item.n % 4 === 0) return void ends.filtered.push(step.name)
        leave(step, { id: `${item.id}a`, n: item.n + 1 })
        return leave(step, { id: `${item.id}b`, n: item.n + 2 })
      case 'transform':
        return item.n % 5 === 4
          ? fail(step, item, 'ExpressionFailed')
          : leave(step, { id: `${item.id}t`, n: item.n + 1 })
      case 'wait':
        return leave(step, item)
      case 'fail':
        return fail(step, item, 'Refused')
      case 'component':
        return call(step, item)
    }
  }
  const call = (step: RandomStep & { kind: 'component' }, item: Item): void => {
    const { behaviour, errors } = step
    const failures = failuresOf(behaviour, item)
    const { trouble } = behaviour
    if (trouble === 'permanent' && failures === 3) return fail(step, item, 'Hopeless')
    if (trouble === 'error' || trouble === 'death') {
      const failed = Math.min(failures, errors.attempts)
      for (let times = 0; behaviour.emitsEarly && times < failed; times += 1) leaveAll(step, outputsOf(behaviour, item))
      if (failures >= errors.attempts) return fail(step, item, trouble === 'death' ? 'ComponentCrashed' : 'Busy')
    }
    leaveAll(step, outputsOf(behaviour, item))
    if (behaviour.late) leave(step, lateOutput(item))
  }
  const leaveAll = (step: RandomStep, items: readonly Item[]): void => {
    for (const item of items) leave(step, item)
  }
  enter(parts[0]?.name ?? '', first)
  return ends
}

function takenEdges(edges: readonly RandomEdge[], { n }: Item): readonly RandomEdge[] {
  const isEven = n % 2 === 0
  return edges.filter(({ condition }) => condition === 'none' || (condition === 'even') === isEven)
}
