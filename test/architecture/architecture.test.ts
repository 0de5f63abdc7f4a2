import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { architectureViolations } from './architecture.ts'

const project = join(import.meta.dirname, '..', '..')

it('the source keeps the rules', () => {
  const found = architectureViolations(project).map(({ at, rule, message }) => `${at}: ${rule}: ${message}`)
  expect(found).toEqual([])
})

describe('the checker', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-architecture-'))
  })
  afterEach(() => {
    rmSync(root, { recursive: true })
  })

  function found(files: Readonly<Record<string, string>>): string[] {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return architectureViolations(root).map(({ at, rule, message }) => `${at} ${rule}: ${message}`)
  }

  const use = (path: string) => `import { a } from '${path}'\nexport const b = a\n`
  const it1 = 'export const a = 1\n'

  describe('takes', () => {
    it.each<{ name: string; files: Record<string, string> }>([
      { name: 'flow that imports crds', files: { 'flow/x.ts': use('../crds/y.ts'), 'crds/y.ts': it1 } },
      {
        name: 'the runtime that imports flow, wire and a decide folder',
        files: {
          'runtime/x.ts': `${use('../flow/y.ts')}import './wire/w.ts'\nimport './q/decide/d.ts'\n`,
          'flow/y.ts': it1,
          'runtime/wire/w.ts': it1,
          'runtime/q/decide/d.ts': it1,
        },
      },
      {
        name: 'decide that imports crds, flow, wire and its own folder',
        files: {
          'runtime/decide/x.ts': `${use('../../flow/y.ts')}import '../wire/w.ts'\nimport './z.ts'\nimport '../../crds/c.ts'\n`,
          'flow/y.ts': it1,
          'runtime/wire/w.ts': it1,
          'runtime/decide/z.ts': it1,
          'crds/c.ts': it1,
        },
      },
      {
        name: 'a test that looks at anything',
        files: { 'flow/x.test.ts': `${use('../runtime/y.ts')}export const env = process.env\n`, 'runtime/y.ts': it1 },
      },
      {
        name: 'packages and modules of Node outside decide',
        files: { 'runtime/x.ts': "import 'pino'\nimport 'node:fs'\n" },
      },
      {
        name: 'local that joins both halves',
        files: {
          'local/x.ts': `${use('../runtime/y.ts')}import '../operator/z.ts'\n`,
          'runtime/y.ts': it1,
          'operator/z.ts': it1,
        },
      },
      {
        name: 'what only looks like a violation',
        files: {
          'flow/decide/x.ts':
            "// import '../../runtime/y.ts'; await Date.now()\nexport const a = \"import 'node:fs'; process.env\"\nexport const d = new Date(0)\nexport type Q = Promise<Date>\n",
        },
      },
      {
        name: 'hashes in decide',
        files: {
          'flow/decide/x.ts':
            "import { createHash, type KeyObject } from 'node:crypto'\nexport const a = (k: KeyObject) => createHash(k.type)\n",
        },
      },
      {
        name: 'a main file that owns the process',
        files: {
          'cli/main.ts': "process.on('SIGINT', () => process.exit(Number(process.env['A'])))\n",
          'runtime/shim/shim-main.cjs': 'process.exitCode = 1\n',
        },
      },
      {
        name: 'what of the process is no secret',
        files: {
          'runtime/x.ts':
            'process.stdout.write(String(process.memoryUsage().rss))\nprocess.once("beforeExit", () => {})\n',
        },
      },
      {
        name: 'a component that reads its environment',
        files: { 'components/http/lib/x.js': 'exports.a = process.env.A\n' },
      },
      {
        name: 'the door of a component',
        files: { 'components/http/index.js': "export { a } from './x.js'\n", 'components/http/x.js': it1 },
      },
      {
        name: 'a lazy import back',
        files: { 'flow/a.ts': "import './b.ts'\n", 'flow/b.ts': "export const a = () => import('./a.ts')\n" },
      },
      {
        name: 'a part that names the type of its whole',
        files: { 'flow/a.ts': use('./b.ts'), 'flow/b.ts': "import type { A } from './a.ts'\nexport type B = A\n" },
      },
      {
        name: 'a file that passes on one thing and defines another',
        files: { 'flow/a.ts': "export { a } from './b.ts'\nexport const c = 1\n", 'flow/b.ts': it1 },
      },
      {
        name: 'examples, which are written as a stranger would',
        files: { 'examples/a/utils.js': 'process.exit(1)\n' },
      },
    ])('$name', ({ files }) => {
      expect(found(files)).toEqual([])
    })
  })

  describe('catches', () => {
    it.each<{ name: string; files: Record<string, string>; want: string }>([
      // The import table.
      ...[
        { from: 'crds/x.ts', to: 'flow/y.ts', as: 'crds may not import flow' },
        { from: 'runtime/wire/x.ts', to: 'crds/y.ts', as: 'wire may not import crds' },
        { from: 'runtime/wire/x.ts', to: 'runtime/y.ts', as: 'wire may not import runtime' },
        { from: 'kube/x.ts', to: 'crds/y.ts', as: 'kube may not import crds' },
        { from: 'flow/x.ts', to: 'runtime/wire/y.ts', as: 'flow may not import wire' },
        { from: 'flow/x.ts', to: 'runtime/y.ts', as: 'flow may not import runtime' },
        { from: 'runtime/decide/x.ts', to: 'runtime/y.ts', as: 'decide may not import runtime' },
        { from: 'runtime/decide/x.ts', to: 'operator/decide/y.ts', as: 'decide may not import decide' },
        { from: 'runtime/x.ts', to: 'operator/y.ts', as: 'runtime may not import operator' },
        { from: 'runtime/x.ts', to: 'local/y.ts', as: 'runtime may not import local' },
        { from: 'runtime/x.ts', to: 'cli/y.ts', as: 'runtime may not import cli' },
        { from: 'runtime/x.ts', to: 'test/y.ts', as: 'runtime may not import test' },
        { from: 'operator/x.ts', to: 'local/y.ts', as: 'operator may not import local' },
        { from: 'local/x.ts', to: 'cli/y.ts', as: 'local may not import cli' },
        { from: 'components/http/x.ts', to: 'runtime/y.ts', as: 'components may not import runtime' },
        { from: 'components/http/x.ts', to: 'components/code/y.ts', as: 'components may not import components' },
      ].map(({ from, to, as }) => ({
        name: `${from} importing ${to}`,
        files: { [from]: use(`${'../'.repeat(from.split('/').length - 1)}${to}`), [to]: it1 },
        want: `${from}:1 import table: ${as} (${to})`,
      })),
      {
        name: 'an import of a type alone',
        files: {
          'flow/x.ts': "\nimport type { A } from '../runtime/y.ts'\nexport type B = A\n",
          'runtime/y.ts': 'export type A = 1\n',
        },
        want: 'flow/x.ts:2 import table: flow may not import runtime (runtime/y.ts)',
      },
      {
        name: 'an import inside a type',
        files: { 'flow/x.ts': "export type B = import('../runtime/y.ts').A\n", 'runtime/y.ts': 'export type A = 1\n' },
        want: 'flow/x.ts:1 import table: flow may not import runtime (runtime/y.ts)',
      },
      {
        name: 'a lazy import',
        files: { 'flow/x.ts': "export const b = () => import('../runtime/y.ts')\n", 'runtime/y.ts': it1 },
        want: 'flow/x.ts:1 import table: flow may not import runtime (runtime/y.ts)',
      },
      {
        name: 'an export from elsewhere',
        files: { 'flow/x.ts': "export { a } from '../runtime/y.ts'\nexport const c = 1\n", 'runtime/y.ts': it1 },
        want: 'flow/x.ts:1 import table: flow may not import runtime (runtime/y.ts)',
      },
      {
        name: 'require',
        files: { 'runtime/wire/x.cjs': "exports.a = require('../y.ts').a\n", 'runtime/y.ts': it1 },
        want: 'runtime/wire/x.cjs:1 import table: wire may not import runtime (runtime/y.ts)',
      },
      {
        name: 'an import of a test',
        files: { 'flow/x.ts': use('./y.test.ts'), 'flow/y.test.ts': it1 },
        want: 'flow/x.ts:1 import table: "./y.test.ts" is a test',
      },
      {
        name: 'an import from outside the project',
        files: { 'flow/x.ts': use('../../elsewhere/y.ts') },
        want: 'flow/x.ts:1 import table: "../../elsewhere/y.ts" leads out of the project',
      },
      {
        name: 'an absolute import',
        files: { 'flow/x.ts': use('/opt/y.ts') },
        want: 'flow/x.ts:1 import table: "/opt/y.ts" is an absolute path',
      },
      {
        name: 'a folder that the table does not know',
        files: { 'shared/x.ts': it1 },
        want: 'shared/x.ts:1 import table: no row of the table holds this folder',
      },

      // Cycles.
      {
        name: 'a circle of two',
        files: { 'flow/a.ts': use('./b.ts'), 'flow/b.ts': use('./a.ts') },
        want: 'flow/a.ts:1 no cycles: flow/a.ts → flow/b.ts → flow/a.ts',
      },
      {
        name: 'a circle of three, a type beside a value',
        files: {
          'flow/a.ts': "import { type A, a } from './b.ts'\nexport const b: A = a\n",
          'flow/b.ts': use('./c.ts'),
          'flow/c.ts': use('./a.ts'),
        },
        want: 'flow/a.ts:1 no cycles: flow/a.ts → flow/b.ts → flow/c.ts → flow/a.ts',
      },
      {
        name: 'a file that imports itself',
        files: { 'flow/a.ts': use('./a.ts') },
        want: 'flow/a.ts:1 no cycles: flow/a.ts → flow/a.ts',
      },

      // decide is pure.
      ...[
        { code: 'await 1', as: 'await' },
        { code: 'async () => 1', as: 'an async function' },
        { code: 'async function b() {}', as: 'an async function' },
        { code: 'Date.now()', as: 'Date.now' },
        { code: 'new Date()', as: 'the time of day' },
        { code: 'Date()', as: 'Date()' },
        { code: 'performance.now()', as: 'performance.now' },
        { code: 'Math.random()', as: 'Math.random' },
        { code: 'crypto.randomUUID()', as: 'crypto.randomUUID' },
        { code: 'setTimeout(() => 1, 1)', as: 'setTimeout()' },
        { code: "fetch('http://x')", as: 'fetch()' },
        { code: 'process.uptime()', as: 'process.uptime' },
        { code: "console.log('x')", as: 'console.log' },
      ].map(({ code, as }) => ({
        name: `${code} in decide`,
        files: { 'runtime/decide/x.ts': `export const a = 1\nexport const c = ${code}\n` },
        want: `runtime/decide/x.ts:2 decide is pure: ${as}`,
      })),
      {
        name: 'for await in decide',
        files: { 'flow/decide/x.ts': 'export {}\nfor await (const a of []) a\n' },
        want: 'flow/decide/x.ts:2 decide is pure: for await',
      },
      {
        name: 'a module of Node in decide',
        files: { 'flow/decide/x.ts': "import { readFileSync } from 'node:fs'\nexport const a = readFileSync\n" },
        want: 'flow/decide/x.ts:1 decide is pure: readFileSync of node:fs does more than compute',
      },
      {
        name: 'chance from a module that also computes',
        files: {
          'flow/decide/x.ts':
            "import { createHash, randomUUID } from 'node:crypto'\nexport const a = [createHash, randomUUID]\n",
        },
        want: 'flow/decide/x.ts:1 decide is pure: createHash, randomUUID of node:crypto does more than compute',
      },

      // Main owns the process.
      ...[
        { code: "process.env['A']", name: 'env' },
        { code: "process['env']", name: 'env' },
        { code: 'globalThis.process.env', name: 'env' },
        { code: 'process.exit(1)', name: 'exit' },
        { code: '(process.exitCode = 1)', name: 'exitCode' },
        { code: "process.on('SIGTERM', () => {})", name: 'on' },
        { code: "process.once('SIGINT', () => {})", name: 'once' },
        { code: 'process.on(name, () => {})', name: 'on' },
        { code: "process.once('uncaughtException', () => {})", name: 'once' },
      ].map(({ code, name }) => ({
        name: `${code} outside a main file`,
        files: { 'runtime/domain.ts': `export const a = ${code}\n` },
        want: `runtime/domain.ts:1 main owns the process: process.${name} belongs in a main.ts or *-main.ts; pass what is needed`,
      })),
      {
        name: 'the environment taken apart',
        files: { 'cli/x.ts': 'export const { env } = process\n' },
        want: 'cli/x.ts:1 main owns the process: process.env belongs in a main.ts or *-main.ts; pass what is needed',
      },
      {
        name: 'the environment imported',
        files: { 'cli/x.ts': "import { env } from 'node:process'\nexport const a = env\n" },
        want: 'cli/x.ts:1 main owns the process: process.env belongs in a main.ts or *-main.ts; pass what is needed',
      },

      // Names.
      ...['utils', 'string-utils', 'helpers', 'common', 'types', 'misc', 'helper'].map((name) => ({
        name: `a file named ${name}`,
        files: { [`flow/${name}.ts`]: it1 },
        want: `flow/${name}.ts:1 names say something: "${name}" is not the name of a concept`,
      })),
      {
        name: 'a folder named common',
        files: { 'flow/common/a.ts': it1 },
        want: 'flow/common/a.ts:1 names say something: "common" is not the name of a concept',
      },
      ...[
        'class FlowManager {}',
        'class FlowService {}',
        'class FlowImpl {}',
        'class ErrorHelper extends Error {}',
        'interface FlowManager {}',
      ].map((code) => ({
        name: code,
        files: { 'flow/x.ts': `export ${code}\n` },
        want: `flow/x.ts:1 names say something: ${code.split(' ')[1]} is named for no thing`,
      })),

      // Barrels.
      {
        name: 'a barrel',
        files: {
          'flow/all.ts': "export { a } from './a.ts'\nexport type { B } from './b.ts'\n",
          'flow/a.ts': it1,
          'flow/b.ts': 'export type B = 1\n',
        },
        want: 'flow/all.ts:1 no barrels: import from the file that defines it',
      },
      {
        name: 'export *',
        files: { 'flow/all.ts': "export * from './a.ts'\nexport const b = 1\n", 'flow/a.ts': it1 },
        want: 'flow/all.ts:1 no barrels: import from the file that defines it',
      },
      {
        name: 'an index',
        files: { 'flow/index.ts': it1 },
        want: 'flow/index.ts:1 no barrels: import from the file that defines it',
      },
    ])('$name', ({ files, want }) => {
      expect(found(files)).toContain(want)
    })

    it('code that does not parse, by its name', () => {
      expect(() => found({ 'flow/x.ts': 'export const = 1\n' })).toThrow('flow/x.ts: ')
    })
  })
})
