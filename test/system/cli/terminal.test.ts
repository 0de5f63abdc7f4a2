import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { folderOf, startProgram, startWeir, weir, weirPath } from './weir-process.ts'

const hasScript = spawnSync('script', ['--version']).status === 0

const folder = folderOf({
  'wrong.yaml': 'apiVersion: weir.dev/v1alpha1\nkind: Flw\nmetadata: {name: wrong}\n',
  'ticks.yaml': `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: ticks}
spec:
  triggers: [{name: tick, schedule: {cron: "* * * * * *"}}]
  steps: [{name: say, log: $trigger.name}]
`,
})
afterAll(folder.remove)

/** The command line on a terminal of its own; what the terminal shows comes as one text. */
function onTerminal(line: string, env: Record<string, string> = {}) {
  const command = `stty rows 24 cols 100; "${process.execPath}" "${weirPath}" ${line}`
  return startProgram('script', ['-qefc', command, '/dev/null'], {
    cwd: folder.path,
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdin: '',
  })
}

const escape = '\u001B'

describe('colours', () => {
  it('are left out where there is no terminal', async () => {
    const { stdout, stderr } = await weir(['lint', 'wrong.yaml'], { cwd: folder.path })
    expect(stdout + stderr).not.toContain(escape)
  })

  it('are there on a terminal, unless NO_COLOR says otherwise', async ({ skip }) => {
    skip(!hasScript, 'the command script (util-linux) is not installed')
    expect((await onTerminal('lint wrong.yaml').ended).stdout).toContain(`${escape}[31merror${escape}[39m`)
    expect((await onTerminal('lint wrong.yaml', { NO_COLOR: '1' }).ended).stdout).not.toContain(escape)
    expect((await onTerminal('lint wrong.yaml', { TERM: 'dumb' }).ended).stdout).not.toContain(escape)
  })

  it('do not go into a file because errors go to a terminal', async ({ skip }) => {
    skip(!hasScript, 'the command script (util-linux) is not installed')
    const { stdout } = await onTerminal('lint wrong.yaml > lint.txt; cat -v lint.txt').ended
    expect(stdout).toContain('wrong.yaml:2:7: error UnknownKind ')
    expect(stdout).not.toContain('^[')
  })
})

describe('the live view', () => {
  it('is drawn over itself on a terminal, below what is logged', async ({ skip }) => {
    skip(!hasScript, 'the command script (util-linux) is not installed')
    const one = onTerminal('run ticks.yaml & echo pid=$!; wait $!')
    const [, pid] = await one.says(/pid=(\d+)/)
    const up = new RegExp(`${escape}\\[2A\\r${escape}\\[J`)
    await one.says(/RATE\/S +MESSAGES +QUEUED +IN FLIGHT +RETRIES +DEAD/)
    await one.says(up)
    await one.says(/value=tick/)
    await one.says(/ticks +say +[\d.]+ +[1-9]/)
    process.kill(Number(pid), 'SIGTERM')
    const { stdout } = await one.ended
    const last = stdout.slice(stdout.lastIndexOf(`${escape}[J`))
    const [, messages] = /ticks +say +[\d.]+ +([1-9]\d*) +0 +0 +0 +0\r\n/.exec(last) ?? []
    expect(last).toContain(`finished: ${messages} message${messages === '1' ? '' : 's'} left the last steps\r\n`)
  })

  it('is followed by what came of the run, also where there is no terminal', async () => {
    const one = startWeir(['run', 'ticks.yaml'], { cwd: folder.path })
    await one.says(/value=tick/)
    one.type('SIGINT')
    expect(await one.ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/\nfinished: \d+ messages? left the last steps\n$/),
    })
  })

  it('is plain lines where there is none', async () => {
    const { stderr, stdout } = await weir(['run', 'ticks.yaml', '--once'], { cwd: folder.path })
    expect(stdout + stderr).not.toContain('RATE/S')
  })
})
