import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseComponentJson } from './read-component-json.ts'

const functionsOf = (json: unknown, files = {}) => parseComponentJson(json, { files }).declaration?.functions

describe('parseComponentJson', () => {
  it('reads what vendors write', () => {
    const json = {
      title: 'CRM',
      docsUrl: 'https://crm.example',
      buildType: 'docker',
      envVars: { X: { required: true } },
      service: 'crm',
      credentials: { fields: { username: { label: 'User', required: true } } },
      triggers: {
        poll: { main: './lib/triggers/poll.js', type: 'polling', title: 'Poll', metadata: { out: { type: 'object' } } },
      },
      actions: {
        upsert: {
          main: 'lib/actions/upsert',
          deprecated: true,
          callParams: { a: 1 },
          fields: { url: { label: 'URL', required: true, viewClass: 'TextFieldView' }, size: { note: 'of a page' } },
          metadata: { in: { type: 'object', required: ['id'] } },
        },
      },
    }
    expect(parseComponentJson(json)).toEqual({
      findings: [],
      declaration: {
        title: 'CRM',
        functions: {
          poll: {
            name: 'poll',
            kind: 'trigger',
            main: './lib/triggers/poll.js',
            title: 'Poll',
            emits: 'many',
            snapshot: true,
            checkpoint: false,
            output: { type: 'object' },
          },
          upsert: {
            name: 'upsert',
            kind: 'action',
            main: 'lib/actions/upsert',
            emits: 'many',
            snapshot: false,
            checkpoint: false,
            config: {
              type: 'object',
              properties: { url: { title: 'URL' }, size: { description: 'of a page' } },
              required: ['url'],
            },
            input: { type: 'object', required: ['id'] },
          },
        },
      },
    })
    expect(parseComponentJson(JSON.stringify(json))).toEqual(parseComponentJson(json))
  })

  it('reads our own fields', () => {
    const own = {
      emits: 'one',
      snapshot: true,
      checkpoint: true,
      credentialTypes: ['basic'],
      config: { type: 'object' },
    }
    const json = { weir: { isolation: 'shared', dialect: 'oih' }, actions: { a: { main: 'a', ...own } } }
    expect(parseComponentJson(json)).toEqual({
      findings: [],
      declaration: {
        isolation: 'shared',
        dialect: 'oih',
        functions: { a: { name: 'a', kind: 'action', main: 'a', ...own } },
      },
    })
  })

  const tolerated: { readonly name: string; readonly json: unknown; readonly want: object }[] = [
    {
      name: 'a trigger wins over an action of the same name',
      json: { actions: { a: { main: 'action' } }, triggers: { a: { main: 'trigger' } } },
      want: { a: { kind: 'trigger', main: 'trigger' } },
    },
    {
      name: 'a trigger may keep no cursor',
      json: { triggers: { a: { main: 'a', snapshot: false } } },
      want: { a: { snapshot: false } },
    },
    { name: 'an unknown dialect is left to detection', json: { weir: { dialect: 'auto' }, actions: {} }, want: {} },
    { name: 'no functions at all', json: {}, want: {} },
    { name: 'null for a list of functions', json: { triggers: null, actions: { a: { main: 'a' } } }, want: { a: {} } },
    {
      name: 'a title of another type',
      json: { title: 7, actions: { a: { main: 'a', title: ['x'] } } },
      want: { a: { name: 'a' } },
    },
    {
      name: 'metadata that is a text',
      json: { actions: { a: { main: 'a', metadata: './a.json', fields: 'none' } } },
      want: { a: {} },
    },
    {
      name: 'a function with an unlikely name',
      json: { actions: { constructor: { main: 'c' } } },
      want: { constructor: { main: 'c' } },
    },
  ]

  it.each(tolerated)('takes $name', ({ json, want }) => {
    const { declaration, findings } = parseComponentJson(json)
    expect(findings).toEqual([])
    expect(declaration?.functions).toMatchObject(want)
    expect(Object.keys(declaration?.functions ?? {})).toEqual(Object.keys(want))
  })

  it('reads schemas from files that are at hand, and does without the others', () => {
    const metadata = { in: './lib/in.json', out: 'lib/out.json' }
    const files = { 'lib/in.json': '{"type":"object"}', 'lib/out.json': '{broken' }
    expect(functionsOf({ actions: { a: { main: 'a', metadata } } }, files)?.['a']).toEqual(
      expect.objectContaining({ input: { type: 'object' } }),
    )
    expect(functionsOf({ actions: { a: { main: 'a', metadata } } }, files)?.['a']).not.toHaveProperty('output')
    expect(functionsOf({ actions: { a: { main: 'a', metadata } } })?.['a']).not.toHaveProperty('input')
  })

  it('leaves out a function without main, and says so', () => {
    const { declaration, findings } = parseComponentJson({ actions: { a: { title: 'A' }, b: { main: 'b' } } })
    expect(Object.keys(declaration?.functions ?? {})).toEqual(['b'])
    expect(findings).toMatchObject([{ code: 'FunctionWithoutMain', severity: 'warning', path: 'actions.a' }])
  })

  it.each([
    {
      name: 'a trailing comma',
      text: '{\n  "actions": {\n    "a": {"main": "a"},\n  }\n}',
      line: 4,
      column: 3,
      says: 'comma',
    },
    { name: 'a trailing comma in a list', text: '{"x": [1,]}', line: 1, column: 10, says: 'comma before this "]"' },
    { name: 'a comment', text: '{\n // functions\n "actions": {}}', line: 2, column: 2, says: 'comment' },
    { name: 'single quotes', text: "{'actions': {}}", line: 1, column: 2, says: 'double quotes' },
    { name: 'an end too early', text: '{"actions": {', line: 1, column: 14, says: 'ends too early' },
    { name: 'an empty file', text: '', line: 1, column: 1, says: 'empty' },
    { name: 'another language', text: 'actions:\n  a: 1', line: 1, column: 1, says: 'cannot stand here' },
    { name: 'bytes of a picture', text: '\u0089PNG\r\n\u001a\n', line: 1, column: 1, says: 'cannot stand here' },
  ])('points at $name', ({ text, line, column, says }) => {
    const { declaration, findings } = parseComponentJson(text, { file: 'crm/component.json' })
    expect(declaration).toBeUndefined()
    expect(findings).toMatchObject([
      { code: 'ComponentJsonInvalid', severity: 'error', file: 'crm/component.json', line, column },
    ])
    expect(findings[0]?.message).toContain(says)
  })

  it('skips a byte order mark', () => {
    expect(functionsOf('\uFEFF{"actions": {"a": {"main": "a"}}}')).toHaveProperty('a')
  })

  it.each([
    { json: [], path: '' },
    { json: 'null', path: '' },
    { json: { actions: [] }, path: 'actions' },
    { json: { actions: { a: './a.js' } }, path: 'actions.a' },
    { json: { actions: { a: { main: 'a', emits: 'three' } } }, path: 'actions.a.emits' },
    { json: { actions: { 'a b': { main: 'a', snapshot: 'yes' } } }, path: 'actions["a b"].snapshot' },
    { json: { weir: { isolation: 'none' } }, path: 'weir.isolation' },
    { json: { weir: { isolated: true } }, path: 'weir' },
  ])('says where $json has the wrong form', ({ json, path }) => {
    const { declaration, findings } = parseComponentJson(json)
    expect(declaration).toBeUndefined()
    expect(findings).toMatchObject([{ code: 'ComponentJsonInvalid', severity: 'error', path }])
  })

  it('refuses what is nested deeper than anybody writes, wherever it stands', () => {
    const deep = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels)
    for (const text of [deep(200_000), `{"actions": {"a": {"main": "a", "config": ${deep(200)}}}}`]) {
      expect(parseComponentJson(text).findings).toMatchObject([{ code: 'ComponentJsonInvalid' }])
    }
    const files = { 'in.json': deep(200_000) }
    const read = functionsOf({ actions: { a: { main: 'a', metadata: { in: './in.json' } } } }, files)
    expect(read?.['a']).not.toHaveProperty('input')
  })

  it('never throws, whatever the JSON', () => {
    const part = fc.oneof(
      fc.jsonValue(),
      fc.record({ main: fc.jsonValue(), metadata: fc.jsonValue(), emits: fc.jsonValue() }),
    )
    const json = fc.oneof(
      fc.jsonValue(),
      fc.record({ actions: fc.oneof(part, fc.dictionary(fc.string(), part)), weir: part, title: part }),
    )
    fc.assert(
      fc.property(json, (json) => {
        const { declaration, findings } = parseComponentJson(json)
        expect(declaration !== undefined || findings.length > 0).toBe(true)
      }),
    )
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        expect(parseComponentJson(text).findings.length).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
