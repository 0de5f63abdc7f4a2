import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderOf, limited, startProgram, startWeir, weir, weirPath } from './weir-process.ts'

const folder = folderOf()
const twoAtATime = limited(2)
const occupied = createServer()

const aliases = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(', ')}]`)
const flow = (steps: string, triggers = '[{name: by-hand, manual: {}}]') =>
  `apiVersion: weir.dev/v1alpha1\nkind: Flow\nmetadata: {name: bad}\nspec:\n  triggers: ${triggers}\n  steps: ${steps}\n`
const steps = (count: number) =>
  `\n${Array.from({ length: count }, (_, at) => `  - {name: s${at}, filter: 'true'}\n`).join('')}`
const inline = (code: string) =>
  `---\napiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: code}\nspec: {source: {files: {run.js: ${JSON.stringify(code)}}}}\n`
const callsCode = flow('[{name: go, component: code, function: run, onError: {retry: {maxAttempts: 1}}}]')
const other = (kind: string, name: string) => `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}}\n---\n`

beforeAll(async () => {
  folder.write({
    'good.yaml': flow('[{name: say, log: data}]'),
    'two.yaml': flow(
      '[{name: say, log: data}]',
      '[{name: a, schedule: {cron: "* * * * *"}}, {name: b, schedule: {cron: "@daily"}}]',
    ),
    'hook.yaml': flow('[{name: say, log: data}]', '[{name: hook, webhook: {path: /x, auth: {none: {}}}}]'),
    'binary.yaml': randomBytes(4096),
    'empty.yaml': '',
    'large.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${"  key: 'some text of a value'\n".repeat(350_000)}`,
    'anchors.yaml': `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${aliases.join('\n')}\n${flow('*a9')}`,
    'steps.yaml': flow(steps(10_000)),
    'deep.yaml': '['.repeat(100_000),
    'deep.json': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    'odd.json': '{"a": [1, 2',
    'others/a.yaml': other('ConfigMap', 'a') + other('ConfigMap', 'b') + other('Service', 'c'),
    'others/flow.yaml': flow('[{name: say, log: data}]'),
    'others/package.json': '{}',
    'throws/flow.yaml': callsCode + inline('throw new Error("no way to load")'),
    'broken/flow.yaml': callsCode + inline('this is no JavaScript'),
    'rejects/component.json': '{"actions": {"go": {"main": "./go.js"}}}',
    'rejects/go.js': 'throw new TypeError("no way to load")',
    'needs/component.json': '{"actions": {"go": {"main": "./go.js"}}}',
    'needs/go.js': 'require("./lib/odd")',
    'needs/lib/odd.js': 'let a\nlet b = ;\n',
    'bare/go.js': '',
    'syntax/component.json': '{\n  "actions": {"go": {"main": "./go.js"},}\n}',
    'image.yaml':
      flow('[{name: go, component: shop, function: put}]') +
      '---\napiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: shop}\nspec: {image: "shop:1"}\n',
    'unknown.yaml': flow('[{name: go, component: shop, function: put}]'),
    'locked.yaml': flow('[{name: say, log: data}]'),
    'large.json': JSON.stringify('x'.repeat(11 * 1024 * 1024)),
    'list.json': '["a"]',
    'state-is-a-file': 'text',
    'foreign/weir.db': 'this is no database, but it is long enough to be looked at as one, and refused'.repeat(20),
  })
  mkdirSync(join(folder.path, 'nothing'))
  chmodSync(join(folder.path, 'locked.yaml'), 0)
  chmodSync(folder.path, 0o755)
  mkdirSync(join(folder.path, 'sealed'), 0o555)
  occupied.listen(0, '127.0.0.1')
  await once(occupied, 'listening')
})
afterAll(() => {
  occupied.close()
  folder.remove()
})

interface Case {
  readonly name: string
  readonly words: readonly string[] | (() => readonly string[])
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly code: number
  /** Somewhere in what is said. */
  readonly says: RegExp | string
}

const once1 = ['run', 'good.yaml', '--once']

const cases: readonly Case[] = [
  // Files.
  {
    name: 'a binary file',
    words: ['lint', 'binary.yaml'],
    code: 1,
    says: 'binary.yaml:1:1: error BinaryFile the file is not text',
  },
  {
    name: 'an empty file',
    words: ['lint', 'empty.yaml'],
    code: 0,
    says: 'empty.yaml:1:1: warning EmptyFile the file holds no document',
  },
  {
    name: 'an empty file that should run',
    words: ['run', 'empty.yaml'],
    code: 2,
    says: 'no flow in the given files; `weir init my-flow` writes a first one',
  },
  {
    name: '10 MB of YAML',
    words: ['lint', 'large.yaml'],
    code: 1,
    says: /large\.yaml:1:1: error FileTooLarge the file has 10\.\d MB/,
  },
  { name: 'anchors that explode', words: ['lint', 'anchors.yaml'], code: 1, says: 'error AliasesExplode' },
  {
    name: 'anchors that explode, to be run',
    words: ['run', 'anchors.yaml', '--once'],
    code: 2,
    says: 'nothing runs until the errors are mended',
  },
  {
    name: '10,000 steps',
    words: ['lint', 'steps.yaml'],
    code: 1,
    says: '"steps" has 10000 entries, and 128 are the most',
  },
  {
    name: 'brackets without an end',
    words: ['lint', 'deep.yaml'],
    code: 1,
    says: /deep\.yaml:\d+:\d+: error (YamlSyntax|TooDeep)/,
  },
  {
    name: 'a directory with other kinds',
    words: ['lint', 'others'],
    code: 0,
    says: /ignored 2 of v1\/ConfigMap\nignored 1 of v1\/Service\nignored 1 of JSON without apiVersion and kind\n1 flow: 0 errors, 0 warnings/,
  },
  {
    name: 'an empty directory',
    words: ['lint', 'nothing'],
    code: 1,
    says: 'nothing:1:1: error NoManifests the directory holds no .yaml, .yml or .json file',
  },
  { name: 'an empty directory to be run', words: ['run', 'nothing'], code: 2, says: 'error NoManifests' },
  {
    name: 'a missing file',
    words: ['lint', 'nowhere.yaml'],
    code: 1,
    says: 'nowhere.yaml:1:1: error FileNotFound there is no such file or directory',
  },
  {
    name: 'a missing file to be planned',
    words: ['plan', 'nowhere.yaml'],
    code: 2,
    says: 'nothing is planned until the errors are mended',
  },
  {
    name: 'a file that fails when it is read',
    words: ['lint', '/proc/self/mem'],
    code: 1,
    says: 'error FileUnreadable it cannot be read (EIO)',
  },
  {
    name: 'a device without an end',
    words: ['lint', '/dev/zero'],
    code: 1,
    says: 'error FileTooLarge the file has more than 32 MB',
  },
  { name: 'standard input that is closed', words: ['lint', '-'], code: 0, says: '<stdin>:1:1: warning EmptyFile' },
  {
    name: 'standard input that is no YAML',
    words: ['lint', '-'],
    stdin: 'a: b: c',
    code: 1,
    says: '<stdin>:1:4: error YamlSyntax',
  },

  // Components.
  {
    name: 'a component directory without component.json',
    words: ['run', 'unknown.yaml', '--once', '--component', 'shop=bare'],
    code: 2,
    says: 'bare/component.json:1:1: error ComponentJsonMissing bare has no component.json',
  },
  { name: 'the same, inspected', words: ['component', 'inspect', 'bare'], code: 2, says: 'error ComponentJsonMissing' },
  { name: 'the same, called', words: ['component', 'call', 'bare', 'go'], code: 2, says: 'error ComponentJsonMissing' },
  {
    name: 'a component.json with a syntax error',
    words: ['component', 'inspect', 'syntax'],
    code: 2,
    says: 'syntax/component.json:2:41: error ComponentJsonInvalid this is not valid JSON: remove the comma before this "}"',
  },
  {
    name: 'a component directory that is not there',
    words: [...once1, '--component', 'x=nowhere'],
    code: 2,
    says: 'nowhere:1:1: error ComponentDirectory component "x": there is no such file or directory',
  },
  {
    name: 'a component directory that is a file',
    words: [...once1, '--component', 'x=empty.yaml'],
    code: 2,
    says: 'it is a file; name the directory that holds component.json',
  },
  {
    name: 'a component that nobody knows',
    words: ['run', 'unknown.yaml', '--once'],
    code: 2,
    says: /error UnknownComponent [^]*the code of a component is given with --component NAME=DIR/,
  },
  {
    name: 'a component whose image does not run here',
    words: ['run', 'image.yaml', '--once'],
    code: 2,
    says: 'error ComponentCodeMissing the Component "shop" has an image, which does not run here: give its code with --component shop=DIR',
  },
  {
    name: 'a function file that throws while loading',
    words: ['run', 'throws', '--once'],
    code: 1,
    says: 'dead letter bad/go ComponentLoadFailed: run.js cannot be loaded: no way to load (1 attempt',
  },
  {
    name: 'a function file that is no JavaScript',
    words: ['run', 'broken', '--once'],
    code: 1,
    says: 'dead letter bad/go ComponentLoadFailed: run.js:1 cannot be loaded: Unexpected identifier',
  },
  {
    name: 'a function file that throws while loading, called',
    words: ['component', 'call', 'rejects', 'go'],
    code: 1,
    says: /"settled","as":"deadLetter","error":\{"code":"ComponentLoadFailed","message":".*no way to load/,
  },
  {
    name: 'a file that a function file needs and that is no JavaScript',
    words: ['component', 'call', 'needs', 'go'],
    code: 1,
    says: `"message":"lib/odd.js:2 cannot be loaded: Unexpected token ';'"`,
  },
  {
    name: 'a function that there is not',
    words: ['component', 'call', 'rejects', 'goo'],
    code: 2,
    says: 'component "rejects" has no function "goo": did you mean "go"?',
  },

  // Values of options.
  {
    name: 'invalid JSON in --data',
    words: [...once1, '--data', '{"id": seven}'],
    code: 2,
    says: 'error: --data is not valid JSON: see line 1, column 8 (a text needs double quotes). To read it from a file write @FILE',
  },
  {
    name: 'JSON in --data that ends too early',
    words: [...once1, '--data', '{"id": 7'],
    code: 2,
    says: '--data is not valid JSON: it ends too early',
  },
  {
    name: 'a --credential that is no JSON',
    words: [...once1, '--credential', 'foo=bar'],
    code: 2,
    says: 'error: --credential foo is not valid JSON: see line 1, column 1 (a text needs double quotes). To read it from a file write foo=@FILE\n',
  },
  { name: 'an empty --data', words: [...once1, '--data', ''], code: 2, says: '--data is not valid JSON: it is empty' },
  {
    name: 'a missing @FILE',
    words: [...once1, '--data', '@nowhere.json'],
    code: 2,
    says: 'error: --data: nowhere.json: there is no such file or directory',
  },
  { name: 'an @ without a file', words: [...once1, '--data', '@'], code: 2, says: '--data: give a file behind the @' },
  {
    name: 'a directory for an @FILE',
    words: [...once1, '--data', '@nothing'],
    code: 2,
    says: '--data: nothing: it is a directory, not a file',
  },
  {
    name: 'an @FILE that is no JSON',
    words: [...once1, '--data', '@odd.json'],
    code: 2,
    says: /--data: odd\.json is neither JSON nor YAML: see line 1, column \d+/,
  },
  {
    name: 'an @FILE without an end',
    words: [...once1, '--data', '@/dev/zero'],
    code: 2,
    says: '--data: /dev/zero has more than 32 MB, and no more is read',
  },
  {
    name: 'a huge --data',
    words: [...once1, '--data', '@large.json'],
    code: 2,
    says: /--data is too large: the message has 11\.\d MB, and at most 10\.0 are allowed/,
  },
  {
    name: 'a --data that is nested without an end',
    words: [...once1, '--data', '@deep.json'],
    code: 2,
    says: '--data: deep.json is nested too deeply',
  },
  {
    name: 'standard input named twice',
    words: ['run', '-', '--once', '--data', '@-'],
    stdin: flow('[{name: say, log: data}]'),
    code: 2,
    says: 'standard input was named twice; it can be read once',
  },
  {
    name: 'a config that is no object',
    words: ['component', 'call', 'rejects', 'go', '--config', '@list.json'],
    code: 2,
    says: `--config must be an object, as '{"key": "value"}', and is a list`,
  },
  {
    name: 'a --component without a name',
    words: [...once1, '--component', 'nothing'],
    code: 2,
    says: `option '-c, --component <NAME=DIR>' needs a name, an equals sign and a value`,
  },
  {
    name: 'a port that is none',
    words: ['run', 'good.yaml', '--port', '80000'],
    code: 2,
    says: "argument '80000' is invalid. It must be a whole number from 0 to 65535.",
  },
  {
    name: 'a time-out that is none',
    words: ['component', 'call', 'rejects', 'go', '--timeout', 'soon'],
    code: 2,
    says: 'It must be a number of seconds from 0.1 to 1200.',
  },
  {
    name: 'a log level that there is not',
    words: once1,
    env: { WEIR_LOG_LEVEL: 'loud' },
    code: 2,
    says: 'WEIR_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud"',
  },
  {
    name: 'a state that is a file',
    words: [...once1, '--state', 'state-is-a-file'],
    code: 2,
    says: 'error: state state-is-a-file cannot be used: there is a file of that name already. Name a directory that can be written',
  },
  {
    name: 'a state where no directory can be made',
    words: [...once1, '--state', '/proc/zz/deep'],
    code: 2,
    says: 'error: state /proc/zz/deep cannot be used: the file system makes no directory there. Name a directory that can be written',
  },
  {
    name: 'a state that is damaged',
    words: [...once1, '--state', 'foreign'],
    code: 2,
    says: /error: .*weir\.db is damaged: restore it from a backup/,
  },
  { name: 'an expression that does not parse', words: ['eval', 'data.['], code: 2, says: 'error: ExpressionSyntax' },
  { name: 'an expression that explodes', words: ['eval', '[1..9999999]'], code: 1, says: 'error: ExpressionTooLarge' },

  // Words.
  { name: 'no word at all', words: [], code: 2, says: /^Usage: weir [^]*Commands:[^]*Examples:/ },
  {
    name: 'an unknown command',
    words: ['rnu', 'good.yaml'],
    code: 2,
    says: /error: unknown command 'rnu'\n\(Did you mean run\?\)/,
  },
  {
    name: 'an unknown option',
    words: ['run', 'good.yaml', '--onec'],
    code: 2,
    says: /error: unknown option '--onec'\n\(Did you mean --once\?\)/,
  },
  {
    name: 'a command without its files',
    words: ['lint'],
    code: 2,
    says: 'error: give files or directories; or --cluster',
  },
  {
    name: 'a form that there is not',
    words: ['plan', 'good.yaml', '--output', 'xml'],
    code: 2,
    says: 'Allowed choices are text, json, mermaid.',
  },
  {
    name: 'a shell that there is not',
    words: ['completion', 'cmd'],
    code: 2,
    says: 'Allowed choices are bash, zsh, fish.',
  },
  {
    name: 'a wrong --trigger',
    words: ['run', 'two.yaml', '--once', '--trigger', 'bad/c'],
    code: 2,
    says: 'error: there is no trigger "bad/c"; did you mean "bad/a"? There are: bad/a (schedule), bad/b (schedule)',
  },
  {
    name: 'no --trigger where there are several',
    words: ['run', 'two.yaml', '--once'],
    code: 2,
    says: 'error: say which trigger with --trigger FLOW/TRIGGER: bad/a (schedule), bad/b (schedule)',
  },
  {
    name: '--data without --once',
    words: ['run', 'good.yaml', '--data', '{}'],
    code: 2,
    says: '--trigger, --data and --header go with --once',
  },
  {
    name: 'a header for what has none',
    words: ['run', 'two.yaml', '--once', '--trigger', 'bad/a', '--header', 'a=b'],
    code: 2,
    says: '--header goes with webhook and manual triggers, and "a" is a schedule',
  },
  {
    name: 'a directory that holds something, for init',
    words: ['init', 'others'],
    code: 2,
    says: 'others is not empty; give a new directory: weir init my-flow',
  },
  {
    name: 'a file for init',
    words: ['init', 'good.yaml'],
    code: 2,
    says: 'error: good.yaml cannot be made: there is a file of that name already',
  },
  {
    name: 'a directory for init where none can be made',
    words: ['init', '/proc/zz/deep'],
    code: 2,
    says: 'error: /proc/zz/deep cannot be made: the file system makes no directory there',
  },

  // The world.
  {
    name: 'a port in use',
    words: () => ['run', 'hook.yaml', '--port', String((occupied.address() as AddressInfo).port)],
    code: 2,
    says: /error: port \d+ is in use: stop what uses it, or choose another port/,
  },
]

describe('what a user can type ends in a clear message and never in a stack trace:', () => {
  it.concurrent.each(cases)('$name', ({ words, code, says, stdin, env }) =>
    twoAtATime(async () => {
      const ended = await weir(typeof words === 'function' ? words() : words, {
        cwd: folder.path,
        ...(stdin !== undefined && { stdin }),
        ...(env !== undefined && { env }),
      })
      const said = ended.stdout + ended.stderr
      if (typeof says === 'string') expect(said).toContain(says)
      else expect(said).toMatch(says)
      expect(ended.code, said).toBe(code)
    }),
  )

  it.concurrent('a file that may not be read', () =>
    twoAtATime(async () => {
      // Root may read everything: where the tests are root, somebody else tries.
      const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {}
      const { code, stdout } = await weir(['lint', 'locked.yaml'], { cwd: folder.path, ...nobody })
      expect(stdout).toBe('locked.yaml:1:1: error FileUnreadable permission denied: check who may read and write it\n')
      expect(code).toBe(1)
    }),
  )

  it.concurrent('a state that may not be written', () =>
    twoAtATime(async () => {
      const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {}
      const { code, stderr } = await weir([...once1, '--state', 'sealed/state'], { cwd: folder.path, ...nobody })
      expect(stderr).toBe(
        'error: state sealed/state cannot be used: permission denied: check who may read and write it. Name a directory that can be written\n',
      )
      expect(code).toBe(2)
    }),
  )

  it.concurrent('a reader that goes away', () =>
    twoAtATime(async () => {
      const command = `"$0" "$1" plan -o json good.yaml | head -1; echo "codes \${PIPESTATUS[*]}"`
      const { ended } = startProgram('bash', ['-c', command, process.execPath, weirPath], { cwd: folder.path })
      const { stdout, stderr } = await ended
      expect({ stdout, stderr }).toEqual({ stdout: '[\ncodes 0 0\n', stderr: expect.not.stringContaining('EPIPE') })
    }),
  )

  it.concurrent('a reader of everything that goes away: what runs for ever ends', () =>
    twoAtATime(async () => {
      const command = `"$0" "$1" run hook.yaml --port 0 2>&1 | head -1; echo "codes \${PIPESTATUS[*]}"`
      folder.write({ 'often.yaml': flow('[{name: say, log: data}]', '[{name: a, schedule: {cron: "* * * * * *"}}]') })
      const often = command.replace('hook.yaml', 'often.yaml')
      const { stdout } = await startProgram('bash', ['-c', often, process.execPath, weirPath], { cwd: folder.path })
        .ended
      expect(stdout).toBe('flow bad, revision 1\ncodes 0 0\n')
    }),
  )

  it.concurrent('standard streams that are closed', () =>
    twoAtATime(async () => {
      const command = `"$0" "$1" lint good.yaml - <&- >&- 2>&-; echo "code $?"`
      const { stdout } = await startProgram('bash', ['-c', command, process.execPath, weirPath], { cwd: folder.path })
        .ended
      expect(stdout).toBe('code 0\n')
    }),
  )

  it.concurrent('a disk that is full', () =>
    twoAtATime(async () => {
      const command = `"$0" "$1" plan good.yaml > /dev/full; echo "code $?"`
      const { stdout, stderr } = await startProgram('bash', ['-c', command, process.execPath, weirPath], {
        cwd: folder.path,
      }).ended
      expect({ stdout, stderr }).toEqual({
        stdout: 'code 2\n',
        stderr: expect.stringMatching(/^error: output cannot be written: ENOSPC.*\n$/),
      })
    }),
  )

  it.concurrent('a state in use', () =>
    twoAtATime(async () => {
      const first = startWeir(['run', 'good.yaml', '--state', 'shared'], { cwd: folder.path })
      await first.says(/running; Ctrl-C stops/)
      const { code, stderr } = await weir([...once1, '--state', 'shared'], { cwd: folder.path })
      expect(stderr).toMatch(
        /^error: shared\/queues\.db is in use by another weir: stop that one, or name another directory\n$/,
      )
      expect(code).toBe(2)
      first.type('SIGINT')
      expect((await first.ended).code).toBe(0)
    }),
  )
})
