import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderOf, weir } from './weir-process.ts'

const folder = folderOf({ 'flow.yaml': '', 'data.json': '', 'two words.yaml': '', 'shop/component.json': '' })
const has = (shell: string) => spawnSync(shell, ['--version']).error === undefined

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish'])
    folder.write({ [`.weir.${shell}`]: (await weir(['completion', shell])).stdout })
})
afterAll(folder.remove)

/** What bash offers behind these words, as it splits them: `NAME=DIR` and `@FILE` are three words and two. */
function offered(...words: string[]): string[] {
  const script = `source .weir.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'weir', ...words], {
    cwd: folder.path,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout.split('\n').filter(Boolean).sort()
}

const all = ['.weir.bash', '.weir.fish', '.weir.zsh', 'data.json', 'flow.yaml', 'shop', 'two words.yaml']

const lintOptions = [
  '--cluster',
  '--component',
  '--context',
  '--flow',
  '--help',
  '--kubeconfig',
  '--namespace',
  '--output',
  '--strict',
]

describe('completion in bash', () => {
  it('is registered for weir', () => {
    const { stdout } = spawnSync('bash', ['--norc', '-c', 'source .weir.bash; complete -p weir'], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    expect(stdout).toBe('complete -o filenames -F _weir weir\n')
  })

  it.each([
    {
      words: [''],
      want: [
        '--help',
        '--version',
        'completion',
        'component',
        'dead-letters',
        'describe',
        'eval',
        'get',
        'init',
        'lint',
        'logs',
        'plan',
        'resume',
        'rollback',
        'run',
        'runs',
        'snapshot',
        'suspend',
        'trigger',
        'wait',
      ],
    },
    { words: ['co'], want: ['completion', 'component'] },
    { words: ['dead-letters', ''], want: ['--help', 'drop', 'list', 'replay', 'show'] },
    { words: ['dead-letters', 'list', '--output', 'j'], want: ['json'] },
    { words: ['dead-letters', 'replay', '--state', ''], want: ['shop'] },
    { words: ['dead-letters', 'replay', '--data', '@', 'd'], want: ['data.json'] },
    { words: ['runs', 'sh'], want: ['show'] },
    { words: ['snapshot', 'set', '--st'], want: ['--state', '--store'] },
    { words: ['component', ''], want: ['--help', 'call', 'inspect'] },
    { words: ['completion', ''], want: ['--help', 'bash', 'fish', 'zsh'] },
    { words: ['lint', '--'], want: lintOptions },
    { words: ['get', '-o', 'w'], want: ['wide'] },
    { words: ['get', '--kubeconfig', 'd'], want: ['data.json'] },
    { words: ['lint', '--output', ''], want: ['json', 'text'] },
    { words: ['plan', '-o', 'm'], want: ['mermaid'] },
    { words: ['lint', 'f'], want: ['flow.yaml'] },
    { words: ['lint', 'flow.yaml', 'two'], want: ['two words.yaml'] },
    { words: ['component', 'inspect', 's'], want: ['shop'] },
    { words: ['component', 'call', '--dialect', ''], want: ['auto', 'elasticio', 'oih'] },
    { words: ['run', '--component', 'shop', '=', ''], want: ['shop'] },
    { words: ['run', '--component', 'shop', '=', 'sh'], want: ['shop'] },
    { words: ['run', '--component', 'shop', '='], want: ['shop'] },
    { words: ['run', '--data', '@', 'd'], want: ['data.json'] },
    { words: ['run', '--data', '@'], want: all },
    { words: ['run', '--state', ''], want: ['shop'] },
    { words: ['run', '--port', ''], want: [] },
    { words: ['run', '--trigger', 'plan', '--onc'], want: ['--once'] },
    { words: ['run', 'flow.yaml', '--on'], want: ['--once'] },
  ])('offers $want for weir $words', ({ words, want }) => {
    expect(offered(...words)).toEqual(want)
  })

  it('knows every option that help knows', async () => {
    const commands = ['lint', 'plan', 'eval', 'run', 'component call', 'component inspect', 'runs list', 'runs show']
    const letters = ['list', 'show', 'replay', 'drop'].map((verb) => `dead-letters ${verb}`)
    const snapshots = ['get', 'set', 'reset'].map((verb) => `snapshot ${verb}`)
    for (const command of [...commands, ...letters, ...snapshots]) {
      const words = command.split(' ')
      const { stdout } = await weir([...words, '--help'])
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option)
      expect(new Set(offered(...words, '--')), command).toEqual(new Set(options))
    }
  })
})

describe('completion in other shells', () => {
  it('is written for them', async () => {
    const zsh = (await weir(['completion', 'zsh'])).stdout
    expect(zsh).toMatch(/^#compdef weir\n[^]*bashcompinit[^]*complete -o filenames -F _weir weir\n$/)
    const fish = (await weir(['completion', 'fish'])).stdout
    expect(fish).toContain(`complete -c weir -n '__fish_seen_subcommand_from run' -l once -d`)
    expect(fish).toContain(
      `-n '__fish_seen_subcommand_from component; and __fish_seen_subcommand_from call' -l dialect -x -a 'auto oih elasticio'`,
    )
  })

  it('is read by zsh', ({ skip }) => {
    skip(!has('zsh'), 'zsh is not installed')
    const { status, stderr } = spawnSync('zsh', ['-f', '-c', 'source ./.weir.zsh && whence -w _weir'], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
  })

  it('is read by fish', ({ skip }) => {
    skip(!has('fish'), 'fish is not installed')
    const script = 'source ./.weir.fish; complete -C "weir lint --o"'
    const { stdout } = spawnSync('fish', ['--no-config', '-c', script], { cwd: folder.path, encoding: 'utf8' })
    expect(stdout).toContain('--output')
  })
})
