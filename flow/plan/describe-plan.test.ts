import { describe, expect, it } from 'vitest'
import type { Step } from '../../crds/v1alpha1/step.ts'
import { compile } from './compile.ts'
import { describePlan } from './describe-plan.ts'
import { planMermaid } from './plan-mermaid.ts'
import { flowOf, flowWith, sampleFlows, sampleIndex } from '../../test/samples/sample-flows.ts'

const samples = Object.entries(sampleFlows).map(([name, yaml]) => ({
  name,
  plan: compile(flowOf(yaml), { contracts: sampleIndex, revision: 1 }),
}))

const hostile = `x"]\n%%{init: {}}%% <script>alert(1)</script> \`md\` | --> #quot; \\ \u001b[31m\u202e end ;`
const hostileSteps: Step[] = [
  {
    name: 'end',
    transform: JSON.stringify(hostile),
    next: [{ to: 'subgraph', when: JSON.stringify(hostile), map: '1' }],
  },
  {
    name: 'subgraph',
    component: 'shop',
    function: 'upsertVip',
    config: { [hostile]: hostile },
    onError: { to: 'class' },
    next: [],
  },
  { name: 'class', set: { [hostile]: '1' } },
]
const hostilePlan = compile(flowWith(hostileSteps), { contracts: sampleIndex, revision: 1 })

describe('describePlan', () => {
  it.each(samples)('shows $name', async ({ name, plan }) => {
    await expect(describePlan(plan)).toMatchFileSnapshot(`golden/${name}.txt`)
  })

  it('keeps what a user wrote on its line and away from the terminal', () => {
    const text = describePlan(hostilePlan)
    expect(text).not.toMatch(/[^\P{C}\n]/u)
    expect(
      text
        .split('\n')
        .filter((line) => line.includes('<script>'))
        .every((line) => line.startsWith('    ')),
    ).toBe(true)
  })

  it('cuts what is long between two signs', () => {
    const text = describePlan(
      compile(flowWith([{ name: 'a', log: `"${'🐢'.repeat(500)}"` }]), { contracts: sampleIndex, revision: 1 }),
    )
    expect(text).toContain('🐢…')
    expect(text.isWellFormed()).toBe(true)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(250)
  })
})

describe('planMermaid', () => {
  it.each(samples)('draws $name', async ({ name, plan }) => {
    await expect(planMermaid(plan)).toMatchFileSnapshot(`golden/${name}.mmd`)
  })

  it('draws what is hostile in nothing but its own syntax', () => {
    const node = String.raw`(?:\(\["[^"\[\]\`\\<|]*(?:<br>[^"\[\]\`\\<|]*)?"\]\)|\["[^"\[\]\`\\<|]*(?:<br>[^"\[\]\`\\<|]*)?"\]|\("[^"\[\]\`\\<|]*(?:<br>[^"\[\]\`\\<|]*)?"\))`
    const edge = String.raw`(?:-->|-\.->)(?:\|"[^"\[\]\`\\<|]*"\|)?`
    const line = new RegExp(`^(?:flowchart LR|  [st]\\d+${node}|  [st]\\d+ ${edge} s\\d+)$`)
    for (const text of [planMermaid(hostilePlan), ...samples.map(({ plan }) => planMermaid(plan))]) {
      expect(
        text
          .trimEnd()
          .split('\n')
          .filter((one) => !line.test(one)),
      ).toEqual([])
    }
  })
})
