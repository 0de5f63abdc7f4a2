import { describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import type { Trigger } from '../../crds/v1alpha1/trigger.ts'
import { flowGraph } from './flow-graph.ts'
import { findCycle, passing, reachableFrom } from './paths.ts'

const byHand: Trigger = { name: 'by-hand', manual: {} }

/** `a>b,c` is step a with edges to b and c; `a>` ends; `a` has no next; `a!x` fails to x. */
function steps(...texts: readonly string[]): Step[] {
  return texts.map((text) => {
    const [way = '', handler] = text.split('!')
    const [name = '', targets] = way.split('>')
    return {
      name,
      filter: 'true',
      ...(targets === undefined
        ? {}
        : {
            next: targets
              .split(',')
              .filter(Boolean)
              .map((to) => ({ to })),
          }),
      ...(handler === undefined ? {} : { onError: { to: handler } }),
    }
  })
}

function graphOf(texts: readonly string[], triggers: readonly Trigger[] = [byHand]) {
  return flowGraph({ steps: steps(...texts), triggers })
}

function shown(texts: readonly string[]): string[] {
  const graph = graphOf(texts)
  return graph.stepNames.flatMap((name) =>
    graph.edgesOf(name).map((edge) => `${edge.from}${edge.kind === 'error' ? '!' : '>'}${edge.to}`),
  )
}

describe('flowGraph', () => {
  it.each([
    { name: 'steps without next follow one another', flow: ['a', 'b', 'c'], want: ['a>b', 'b>c'] },
    { name: 'what onError reaches is not in the sequence', flow: ['a', 'b!h', 'h', 'c'], want: ['a>b', 'b>c', 'b!h'] },
    { name: 'two handlers end for themselves', flow: ['a!h', 'h!i', 'i', 'b'], want: ['a>b', 'a!h', 'h!i'] },
    { name: 'one next and nothing is implied', flow: ['a>c', 'b', 'c'], want: ['a>c'] },
    { name: 'an empty next is a next', flow: ['a>', 'b', 'c'], want: [] },
    { name: 'one step has no edges', flow: ['a'], want: [] },
    { name: 'an edge to nowhere is kept for lint', flow: ['a>x', 'b>'], want: ['a>x'] },
    { name: 'of steps with the same name the first counts', flow: ['a>b', 'a>c', 'b>', 'c>'], want: ['a>b'] },
  ])('$name', ({ flow, want }) => {
    expect(shown(flow)).toEqual(want)
  })

  it('enters at the first step unless the trigger says where', () => {
    const graph = graphOf(['a', 'b'], [byHand, { name: 'other', manual: {}, to: 'b' }])
    expect(graph.entries.map((entry) => entry.to)).toEqual(['a', 'b'])
  })

  it('points every edge at its place in the spec', () => {
    const graph = graphOf(['a>b,c', 'b!c', 'c'])
    expect(graph.edgesOf('a').map((edge) => edge.path)).toEqual([
      ['steps', 0, 'next', 0],
      ['steps', 0, 'next', 1],
    ])
    expect(graph.edgesOf('b').map((edge) => edge.path)).toEqual([['steps', 1, 'onError', 'to']])
  })
})

describe('reachableFrom', () => {
  it('follows error edges and ignores edges to nowhere', () => {
    expect([...reachableFrom(graphOf(['a>b,x', 'b>!h', 'c>', 'h>']), ['a'])]).toEqual(['a', 'b', 'h'])
  })

  it('follows only the edges that are asked for', () => {
    expect([...reachableFrom(graphOf(['a>b!h', 'b>', 'h>']), ['a'], (edge) => edge.kind === 'next')]).toEqual([
      'a',
      'b',
    ])
  })
})

describe('passing', () => {
  /** For each reachable step what it is told of the others: those on all ways, a slash, those on some. */
  function ancestors(texts: readonly string[], triggers?: readonly Trigger[]): Record<string, string> {
    const graph = graphOf(texts, triggers)
    const reachable = [
      ...reachableFrom(
        graph,
        graph.entries.map(({ to }) => to),
      ),
    ].sort()
    const named = (step: string, ways: string) =>
      reachable.filter((name) => passing(graph, name, step) === ways).join('')
    return Object.fromEntries(reachable.map((step) => [step, `${named(step, 'all')}/${named(step, 'some')}`]))
  }

  it('tells what all ways pass from what some ways pass', () => {
    expect(ancestors(['a>b,c', 'b>d', 'c>d', 'd>'])).toEqual({ a: '/', b: 'a/', c: 'a/', d: 'a/bc' })
  })

  it('knows that a message which failed at a step never left it', () => {
    expect(ancestors(['a>b', 'b>!h', 'h>'])).toEqual({ a: '/', b: 'a/', h: 'a/' })
  })

  it('counts a trigger that enters in the middle as a way that passed nothing', () => {
    expect(ancestors(['a', 'b', 'c'], [byHand, { name: 'x', manual: {}, to: 'b' }])).toEqual({
      a: '/',
      b: '/a',
      c: 'b/a',
    })
  })

  it('does not count what no trigger leads to', () => {
    const graph = graphOf(['a>c', 'b>c', 'c>'])
    expect(passing(graph, 'b', 'c')).toBe('none')
    expect(passing(graph, 'x', 'c')).toBe('none')
  })

  it('ends on a cycle', () => {
    expect(ancestors(['a>b', 'b>c', 'c>a'])).toEqual({ a: '/abc', b: 'a/bc', c: 'ab/c' })
  })
})

describe('findCycle', () => {
  it.each([
    { name: 'none in a diamond', flow: ['a>b,c', 'b>d', 'c>d', 'd>'], want: undefined },
    { name: 'a step that leads to itself', flow: ['a>a'], want: ['a', 'a'] },
    { name: 'a longer one, from where it closes', flow: ['a>b', 'b>c', 'c>d', 'd>b'], want: ['b', 'c', 'd', 'b'] },
    { name: 'one that runs over an error edge', flow: ['a>b', 'b>!a'], want: ['a', 'b', 'a'] },
    { name: 'one that no trigger reaches', flow: ['a>', 'b>c', 'c>b'], want: ['b', 'c', 'b'] },
  ])('$name', ({ flow, want }) => {
    expect(findCycle(graphOf(flow))).toEqual(want)
  })

  it('walks a flow longer than the stack is deep', () => {
    const names = Array.from({ length: 50_000 }, (_, at) => `s${at}`)
    expect(findCycle(graphOf([...names, 's0>'].map((name) => name)))).toBeUndefined()
    expect(findCycle(graphOf(names.map((name, at) => `${name}>${names[at + 1] ?? 's0'}`)))).toHaveLength(50_001)
  })
})
