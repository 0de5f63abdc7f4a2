import { describe, expect, it } from 'vitest'
import type { FunctionContract } from '../../flow/component/component-contract.ts'
import { describeContract } from './describe-contract.ts'

const base = { main: './run.js', emits: 'many', snapshot: false, checkpoint: false } as const
const shop = (...functions: FunctionContract[]) =>
  describeContract({
    kind: 'Component',
    name: 'shop',
    dialect: 'oih',
    isolation: 'process',
    functions: Object.fromEntries(functions.map((one) => [one.name, one])),
  })

describe('describeContract', () => {
  it('shows functions with their kinds, traits and schemas', () => {
    const put: FunctionContract = {
      ...base,
      name: 'put',
      kind: 'action',
      title: 'Put',
      emits: 'one',
      credentialTypes: ['basic', 'apiKey'],
      config: {
        type: 'object',
        required: ['list'],
        properties: {
          list: { type: 'string', enum: ['a', 'b'], title: 'List' },
          limit: { type: ['integer', 'null'], description: 'At most' },
          free: true,
        },
      },
      output: { type: 'array', items: { type: 'string' } },
    }
    const all: FunctionContract = { ...base, name: 'all', kind: 'trigger', snapshot: true, checkpoint: true }
    expect(shop(put, all)).toBe(`component shop   dialect oih   isolation process

action put   Put
  in ./run.js   emits one, credential basic or apiKey
  config
    list    string, one of "a", "b", required, List
    limit   integer or null, At most
    free    any
  output
    {"type":"array","items":{"type":"string"}}

trigger all
  in ./run.js   emits many, keeps a snapshot, also at checkpoints
`)
  })

  it('says when there is no function', () => {
    expect(shop()).toBe('component shop   dialect oih   isolation process\n\nit has no function\n')
  })
})
