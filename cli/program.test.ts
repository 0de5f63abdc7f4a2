import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSourceFiles } from '../test/architecture/source-file.ts'
import type { CommandContext } from './commands/context.ts'
import { completables } from './completion/completable.ts'
import { buildProgram } from './program.ts'

const output = { write: () => {}, style: (_: string, text: string) => text }
const context = { terminal: { out: output, err: output } } as unknown as CommandContext

describe('the program', () => {
  it('loads nothing but the parser of command lines until a command is carried out', () => {
    const files = new Map(readSourceFiles(join(import.meta.dirname, '..')).map((file) => [file.path, file]))
    const reached = new Set(['cli/main.ts'])
    const packages = new Set<string>()
    for (const path of reached) {
      for (const { target, specifier, isLazy, isType } of files.get(path)?.imports ?? []) {
        if (isLazy || isType) continue
        if (target === undefined) packages.add(specifier)
        else reached.add(target)
      }
    }
    expect(new Set([...packages].filter((name) => !name.startsWith('node:')))).toEqual(new Set(['commander']))
    expect(reached.size).toBeLessThan(20)
  })

  it('describes every command and every option, and says what stands behind each placeholder', () => {
    const commands = completables(buildProgram(context, () => {}))
    expect(commands.map(({ path }) => path)).toEqual([
      '',
      'lint',
      'plan',
      'eval',
      'init',
      'run',
      'component',
      'component inspect',
      'component call',
      'dead-letters',
      'dead-letters list',
      'dead-letters show',
      'dead-letters replay',
      'dead-letters drop',
      'runs',
      'runs list',
      'runs show',
      'snapshot',
      'snapshot get',
      'snapshot set',
      'snapshot reset',
      'get',
      'describe',
      'logs',
      'wait',
      'trigger',
      'suspend',
      'resume',
      'rollback',
      'completion',
    ])
    for (const { options, subcommands, path } of commands) {
      expect(
        options.every(({ description }) => description !== ''),
        path,
      ).toBe(true)
      expect(
        subcommands.every(({ description }) => description !== ''),
        path,
      ).toBe(true)
    }
    const run = commands.find(({ path }) => path === 'run')!
    expect(Object.fromEntries(run.options.map(({ names, value }) => [names[0], value.kind]))).toEqual({
      '--component': 'directory',
      '--credential': 'file',
      '--port': 'text',
      '--http-port': 'text',
      '--broker': 'text',
      '--store': 'text',
      '--broker-management': 'text',
      '--state': 'directory',
      '--watch': 'none',
      '--once': 'none',
      '--trigger': 'text',
      '--data': 'file',
      '--header': 'text',
      '--max-processes': 'text',
      '--idle-seconds': 'text',
      '--help': 'none',
    })
    expect(run.argument.kind).toBe('file')
  })
})
