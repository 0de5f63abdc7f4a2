import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds, schemaOf } from '../../crds/schema-of.ts'
import { parseManifests } from './parse-manifests.ts'
import { hasRuleFor } from './value-draft.ts'

function parse(text: string, file = 'case.yaml') {
  return parseManifests([{ file, text }])
}

const flow = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: orders}
spec:
  triggers: [{name: by-hand, manual: {}}]
  steps: [{name: a, log: data}]
`

describe('parseManifests', () => {
  it('sorts objects by kind and fills the namespace in', () => {
    const { manifests, findings } = parse(
      [
        flow,
        'apiVersion: weir.dev/v1alpha1\nkind: ClusterComponent\nmetadata: {name: http}\nspec: {image: http}\n',
        'apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: other}\ndata: {a: YQ==}\ntype: Opaque\n',
      ].join('---\n'),
    )
    expect(findings).toEqual([])
    expect(manifests.flows.map(({ object }) => object.metadata)).toEqual([{ name: 'orders', namespace: 'default' }])
    expect(manifests.clusterComponents.map(({ object }) => object.metadata)).toEqual([{ name: 'http' }])
    expect(manifests.secrets[0]?.object.metadata.namespace).toBe('other')
  })

  it('reads JSON, tabs and all', () => {
    const object = {
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'Flow',
      metadata: { name: 'orders' },
      spec: { triggers: [{ name: 't', manual: {} }], steps: [{ name: 'a', log: 'data', fitler: 1 }] },
    }
    const { findings } = parse(JSON.stringify(object, undefined, '\t'))
    expect(findings.map(({ code, line, column }) => `${line}:${column} ${code}`)).toEqual(['18:5 UnknownField'])
  })

  it('reads files of Windows', () => {
    const { findings, manifests } = parse(`\uFEFF${flow.replace('log: data', 'lgo: data')}`.replaceAll('\n', '\r\n'))
    expect(findings.map(({ code, line, column }) => `${line}:${column} ${code}`)).toEqual(['6:21 UnknownField'])
    expect(manifests.flows).toEqual([])
  })

  it('takes the items of a List one by one, with their lines', () => {
    const items = flow.split('\n').map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`))
    const list = (text: string) => parse(`apiVersion: v1\nkind: List\nitems:\n${text}`)
    expect(list(items.join('\n')).manifests.flows).toHaveLength(1)
    const [finding] = list(items.join('\n').replace('log', 'lgo')).findings
    expect(finding).toMatchObject({ code: 'UnknownField', line: 9, column: 23, path: 'spec.steps[0].lgo' })
  })

  it('counts what is not ours, whatever it looks like', () => {
    const { ignored, findings, manifests } = parse(
      [
        'apiVersion: v1\nkind: ConfigMap\ndata: {a: 1, a: 2}\n',
        'apiVersion: v1\nkind: ConfigMap\n',
        'apiVersion: logging.example.com/v1beta1\nkind: Flow\n',
        'apiVersion: weir.dev/v1alpha1\nkind: FlowRevision\n',
        'Resources: {Bucket: !Ref x}\n',
      ].join('---\n'),
    )
    expect([findings, manifests.flows]).toEqual([[], []])
    expect(Object.fromEntries(ignored)).toEqual({
      'v1/ConfigMap': 2,
      'logging.example.com/v1beta1/Flow': 1,
      'weir.dev/v1alpha1/FlowRevision': 1,
      'no kind': 1,
    })
  })

  it('takes what kubectl prints', () => {
    const printed = flow.replace(
      'metadata: {name: orders}',
      'metadata:\n  name: orders\n  creationTimestamp: null\n  generation: 3\n  managedFields: [{manager: kubectl, fieldsV1: {a: {}}}]\n  ownerReferences: []',
    )
    expect(parse(`${printed}status: {observedGeneration: 3, somethingNew: {a: 1}}\n`).findings).toEqual([])
  })

  it('merges maps as kubectl does', () => {
    const steps = '&base {name: a, log: data}, {<<: *base, name: b}'
    const { findings, manifests } = parse(flow.replace('{name: a, log: data}', steps))
    expect(findings).toEqual([])
    expect(manifests.flows[0]?.object.spec.steps[1]).toEqual({ name: 'b', log: 'data' })
  })

  it('cannot be made to change a prototype', () => {
    const { findings } = parse(flow.replace('log: data', 'log: data, __proto__: {polluted: true}'))
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual(['UnknownField spec.steps[0].__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('does not show what stands in a Secret', () => {
    const { findings } = parse('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pin: 987654}\n')
    expect(findings).toHaveLength(1)
    expect(JSON.stringify(findings)).not.toContain('987654')
  })

  it('finds everything in all documents and files at once', () => {
    const { findings } = parseManifests([
      { file: 'a.yaml', text: `${flow.replace('log', 'lgo')}---\n${flow.replace('orders', 'Orders')}---\na: "x\n` },
      { file: 'b.yaml', text: flow.replace('manual: {}', 'manual: 1') },
      { file: 'c.yaml', text: '' },
    ])
    expect(findings.map(({ file, code }) => `${file} ${code}`)).toEqual([
      'a.yaml UnknownField',
      'a.yaml WrongFormat',
      'a.yaml YamlSyntax',
      'b.yaml WrongType',
      'b.yaml DuplicateObject',
      'c.yaml EmptyFile',
    ])
  })

  it('keeps an object with mistakes by name, and what of it can still be linted', () => {
    const { broken } = parse(flow.replace('log: data', 'log: data, lgo: 1'))
    expect(broken).toMatchObject([
      { kind: 'Flow', namespace: 'default', name: 'orders', mistakes: [['spec', 'steps', 0, 'lgo']] },
    ])
    expect(broken[0]?.rest?.object).toMatchObject({ spec: { steps: [{ name: 'a', log: 'data' }] } })
  })

  it('refuses a flow that Kubernetes would not store', () => {
    const large = Array.from({ length: 20 }, (_, at) => `  - {name: s${at}, log: '"${'x'.repeat(15_000)}"'}\n`).join('')
    const { findings } = parse(flow.replace('steps: [{name: a, log: data}]\n', `steps:\n${large}`))
    expect(findings).toMatchObject([{ code: 'FlowTooLarge', line: 1, column: 1 }])
  })
})

describe('positionOf', () => {
  const { manifests } = parse(flow)
  const at = (...path: readonly (string | number)[]) => {
    const { line, column } = manifests.flows[0]?.positionOf(path) ?? {}
    return `${line}:${column}`
  }

  it.each([
    { path: [], want: '1:1' },
    { path: ['spec', 'steps', 0], want: '6:11' },
    { path: ['spec', 'steps', 0, 'log'], want: '6:26' },
    { path: ['spec', 'steps', 0, 'nothing', 'here'], want: '6:11' },
    { path: ['spec', 'steps', 9, 'log'], want: '6:10' },
  ])('of $path is $want', ({ path, want }) => {
    expect(at(...path)).toBe(want)
  })

  it('is the same when the tree of the file has gone', async () => {
    setFlagsFromString('--expose-gc')
    await new Promise(setImmediate)
    runInNewContext('gc')()
    expect(at('spec', 'steps', 0, 'log')).toBe('6:26')
  })

  it('points at a key when asked to', () => {
    expect(manifests.flows[0]?.positionOf(['spec', 'steps', 0, 'log'], { key: true })).toEqual({ line: 6, column: 21 })
  })
})

describe('hostile texts', () => {
  const words = [
    'a',
    'steps',
    'kind: Flow',
    'apiVersion: weir.dev/v1alpha1',
    'name',
    '- ',
    ': ',
    ':',
    '\n',
    '\n  ',
    '\t',
  ]
  const signs = [
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '|',
    '>',
    '&a ',
    '*a',
    '!!x ',
    '<<: ',
    '? ',
    '#',
    '%',
    '@',
    '`',
    '\\',
    '---\n',
  ]
  const yamlish = fc
    .array(fc.oneof(fc.constantFrom(...words, ...signs), fc.string({ unit: 'binary', maxLength: 4 })), {
      maxLength: 60,
    })
    .map((parts) => parts.join(''))
  const mangled = fc
    .tuple(fc.nat(flow.length), fc.nat(12), fc.oneof(yamlish, fc.json()))
    .map(([from, length, part]) => flow.slice(0, from) + part + flow.slice(from + length))

  it.each([
    { name: 'random YAML', texts: yamlish },
    { name: 'a flow with random parts', texts: mangled },
  ])('never throws on $name, and every finding has its place', ({ texts }) => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const { line = 0, column = 0, message } of parse(text).findings) {
          expect(line).toBeGreaterThanOrEqual(1)
          expect(line).toBeLessThanOrEqual(text.split(/\r\n|\r|\n/).length + 1)
          expect(column).toBeGreaterThanOrEqual(1)
          expect(message).not.toBe('')
        }
      }),
      { numRuns: 400 },
    )
  })

  it.each([
    { name: 'brackets', text: '['.repeat(100_000) },
    { name: 'closed brackets', text: `a: ${'['.repeat(3000)}${']'.repeat(3000)}` },
    { name: 'dashes', text: '- '.repeat(50_000) },
    { name: 'questions', text: '? '.repeat(20_000) },
    { name: 'ever deeper keys', text: Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n') },
    { name: 'a map with many keys', text: Array.from({ length: 30_000 }, (_, at) => `k${at}: 1`).join('\n') },
    { name: 'the same key many times', text: `kind: Flow\napiVersion: weir.dev/v1alpha1\n${'a: 1\n'.repeat(20_000)}` },
    { name: 'many aliases', text: `- &a x\n${'- *a\n'.repeat(20_000)}` },
    { name: 'colons', text: 'a:'.repeat(50_000) },
    { name: 'tags', text: `${'!'.repeat(100_000)} x` },
    { name: 'white space', text: `${' '.repeat(1_000_000)}a` },
  ])('ends soon on $name, with few findings', ({ text }) => {
    expect(parse(text).findings.length).toBeLessThanOrEqual(201)
  })

  it('ends soon on ten thousand wrong steps, with few findings', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `  - {name: s${at}, if: data, filter: true}\n`).join('')
    const { findings } = parse(flow.replace('steps: [{name: a, log: data}]\n', `steps:\n${many}`))
    expect(findings.map(({ code }) => code)).toEqual(['FlowTooLarge', 'OutOfBounds'])
  })

  it('lists a hundred of many mistakes, and says how many more', () => {
    const many = Array.from({ length: 120 }, (_, at) => `  - {name: s${at}, log: data, if: data}\n`).join('')
    const { findings } = parse(flow.replace('steps: [{name: a, log: data}]\n', `steps:\n${many}`))
    expect(findings).toHaveLength(101)
    expect(findings.at(-1)).toMatchObject({ code: 'MoreFindings', severity: 'warning' })
  })
})

describe('the rules of the schemas', () => {
  it('are all known in words', () => {
    const patterns = kinds.flatMap(({ kind }) => (kind === 'FlowRevision' ? [] : patternsIn(schemaOf(kind))))
    expect(patterns.filter((pattern) => !hasRuleFor(pattern))).toEqual([])
  })
})

/** Patterns of everything but the status, which is not judged here. */
function patternsIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (key === 'status') return []
    return key === 'pattern' && typeof value === 'string' ? [value] : patternsIn(value)
  })
}
