import { describe, expect, it } from 'vitest'
import type { ComponentSpec } from '../../crds/v1alpha1/component.ts'
import { contractOf } from './contract-of.ts'
import { sourceFunctions } from './source-contract.ts'

const shop = { kind: 'Component', name: 'shop', namespace: 'default' } as const
const action = { emits: 'many', snapshot: false, checkpoint: false } as const
const json = '{"weir": {"isolation": "shared", "dialect": "elasticio"}, "actions": {"put": {"main": "put.js"}}}'

describe('contractOf', () => {
  it('reads inline source without a component.json', () => {
    const files = { 'upsertContact.js': 'exports.process = async (msg) => ({ data: msg.data })' }
    expect(contractOf({ ...shop, spec: { source: { files } } })).toEqual({
      contract: {
        ...shop,
        dialect: 'oih',
        isolation: 'process',
        functions: { upsertContact: { name: 'upsertContact', kind: 'action', main: './upsertContact.js', ...action } },
      },
      findings: [],
    })
  })

  it('reads inline source with a component.json', () => {
    const files = { 'component.json': json, 'put.js': '', 'helper.js': '' }
    const { contract } = contractOf({ ...shop, spec: { source: { files } } })
    expect(contract).toMatchObject({ dialect: 'elasticio', isolation: 'shared' })
    expect(Object.keys(contract?.functions ?? {})).toEqual(['put'])
  })

  it('takes a directory before the source that its resource holds', () => {
    const { contract } = contractOf({
      ...shop,
      spec: { source: { files: { 'old.js': '' } } },
      files: { 'component.json': json },
    })
    expect(Object.keys(contract?.functions ?? {})).toEqual(['put'])
  })

  it.each([
    {
      name: 'the resource’s dialect and isolation',
      spec: { dialect: 'oih', isolation: 'process' },
      want: { dialect: 'oih', isolation: 'process' },
    },
    {
      name: 'what the code says, where the resource says auto',
      spec: { dialect: 'auto' },
      want: { dialect: 'elasticio', isolation: 'shared' },
    },
    {
      name: 'the resource’s functions, field by field',
      spec: { functions: [{ name: 'put', kind: 'action', emits: 'one' }] },
      want: {
        functions: {
          put: { name: 'put', kind: 'action', main: 'put.js', emits: 'one', snapshot: false, checkpoint: false },
        },
      },
    },
    {
      name: 'a function that only the resource knows',
      spec: { functions: [{ name: 'get', kind: 'trigger' }] },
      want: {
        functions: {
          get: { name: 'get', kind: 'trigger', main: '', emits: 'many', snapshot: true, checkpoint: false },
        },
      },
    },
  ] satisfies { name: string; spec: ComponentSpec; want: object }[])('takes $name', ({ spec, want }) => {
    expect(contractOf({ ...shop, spec, files: { 'component.json': json } }).contract).toMatchObject(want)
  })

  it('knows an image only by what its resource says', () => {
    expect(contractOf({ ...shop, spec: { image: 'crm:1' } })).toEqual({ findings: [] })
    const spec: ComponentSpec = { image: 'crm:1', functions: [{ name: 'get', kind: 'trigger' }] }
    expect(contractOf({ ...shop, spec }).contract?.functions).toHaveProperty('get')
  })

  it('misses the component.json of a directory, unless the resource names the functions', () => {
    const files = { 'index.js': '' }
    expect(contractOf({ ...shop, files, directory: './shop' })).toMatchObject({
      findings: [{ code: 'ComponentJsonMissing', severity: 'error', file: './shop/component.json' }],
    })
    expect(contractOf({ ...shop, files, directory: './shop' })).not.toHaveProperty('contract')
    const spec: ComponentSpec = { functions: [{ name: 'put', kind: 'action', main: 'index.js' }] }
    expect(contractOf({ ...shop, files, spec })).toMatchObject({ findings: [], contract: { functions: { put: {} } } })
  })

  it('gives the findings of a broken component.json and no contract', () => {
    const result = contractOf({ ...shop, files: { 'component.json': '{"actions": {},}' }, directory: 'shop' })
    expect(result).toMatchObject({ findings: [{ code: 'ComponentJsonInvalid', file: 'shop/component.json', line: 1 }] })
    expect(result).not.toHaveProperty('contract')
  })
})

describe('sourceFunctions', () => {
  it('takes each script at the root for the action of its name', () => {
    const files = {
      'a.js': '',
      './b.cjs': '',
      'c.mjs': '',
      'lib/d.js': '',
      'e.json': '',
      'f.txt': '',
      'verifyCredentials.js': '',
    }
    const functions = sourceFunctions(files)
    expect(Object.keys(functions)).toEqual(['a', 'b', 'c'])
    expect(Object.values(functions).map(({ main }) => main)).toEqual(['./a.js', './b.cjs', './c.mjs'])
  })
})
