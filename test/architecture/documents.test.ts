import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importTable } from './import-rules.ts'
import { filesBelow } from './source-file.ts'

const root = join(import.meta.dirname, '..', '..')
const decisions = join(root, 'docs', 'decisions')
const pages = readdirSync(decisions).filter((name) => name !== 'README.md')

function read(...path: string[]): string {
  return readFileSync(join(root, ...path), 'utf8')
}

/** What is wrong with the numbers and the index of decision pages. */
function decisionProblems(names: readonly string[], index: string, titleOf: (name: string) => string): string[] {
  return names.toSorted().flatMap((name, at) => {
    const number = at + 1
    const title = titleOf(name)
    return [
      ...(/^\d{4}-[a-z0-9-]+\.md$/.test(name) ? [] : [`${name} is not named NNNN-what-was-decided.md`]),
      ...(Number(name.slice(0, 4)) === number ? [] : [`${name} should have the number ${number}`]),
      ...(title.startsWith(`# ${number}. `) ? [] : [`${name} should begin with "# ${number}. "`]),
      ...(index.includes(`${number}. [${title.replace(/^# \d+\. /, '')}](${name})\n`)
        ? []
        : [`${name} is missing in the index`]),
    ]
  })
}

/** Machine paths: somebody's home, or where a checkout happened to lie. */
function machinePaths(text: string): string[] {
  return text.match(/(?<![\w.$}-])\/(?:work|home|root|Users)\/[\w.-]+/g) ?? []
}

describe('decision pages', () => {
  it('are numbered without gaps and listed in the index', () => {
    const index = read('docs', 'decisions', 'README.md')
    expect(decisionProblems(pages, index, (name) => read('docs', 'decisions', name).split('\n')[0]!)).toEqual([])
  })

  it('say why of every dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const text = pages.map((name) => read('docs', 'decisions', name)).join('\n')
    const unexplained = Object.keys({ ...dependencies, ...devDependencies }).filter(
      (name) => !text.includes(`\`${name}\``),
    )
    expect(unexplained).toEqual([])
  })

  it.each([
    {
      name: 'a gap',
      names: ['0001-a.md', '0003-b.md'],
      want: [
        '0003-b.md should have the number 2',
        '0003-b.md should begin with "# 2. "',
        '0003-b.md is missing in the index',
      ],
    },
    {
      name: 'a number that is taken',
      names: ['0001-a.md', '0001-b.md'],
      want: ['0001-b.md should have the number 2', '0001-b.md is missing in the index'],
    },
    {
      name: 'a page that the index does not list',
      names: ['0001-a.md', '0002-c.md'],
      want: ['0002-c.md is missing in the index'],
    },
    {
      name: 'a name without a number',
      names: ['0001-a.md', 'b.md'],
      want: [
        'b.md is not named NNNN-what-was-decided.md',
        'b.md should have the number 2',
        'b.md is missing in the index',
      ],
    },
  ])('are checked for $name', ({ name, names, want }) => {
    const titles: Record<string, string> = { '0001-a.md': '# 1. A', '0003-b.md': '# 3. B' }
    const index = '1. [A](0001-a.md)\n2. [B](0002-b.md)\n'
    expect(
      decisionProblems(names, index, (page) => titles[page] ?? '# 2. B'),
      name,
    ).toEqual(want)
  })
})

describe('documents', () => {
  it('link only to files that exist', () => {
    const documents = filesBelow(root).filter((path) => path.endsWith('.md'))
    const files = new Set(filesBelow(root))
    const dead = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => join(path, '..', target!).replace(/\/$/, ''))
        .filter((target) => !files.has(target) && ![...files].some((file) => file.startsWith(`${target}/`)))
        .map((target) => `${path} → ${target}`),
    )
    expect(dead).toEqual([])
  })

  it('show the table of imports that is held', () => {
    const page = read('docs', 'decisions', '0012-observe-decide-enact.md')
    const rows = page.split('\n').filter((line) => line.startsWith('|'))
    expect(rows.slice(2).map((row) => row.replaceAll(/ +/g, ' '))).toEqual(importTable())
  })

  it('show of the first flow what `weir init` writes', () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-documents-'))
    try {
      execFileSync(process.execPath, [join(root, 'bin', 'weir.js'), 'init', join(directory, 'hello')], {
        stdio: 'pipe',
      })
      const written = ['flow.yaml', 'component.yaml'].map((name) =>
        readFileSync(join(directory, 'hello', name), 'utf8'),
      )
      expect(read('README.md').split('```yaml\n')[1]?.split('```')[0]).toBe(written.join('---\n'))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  it('are licensed under Apache 2.0', () => {
    expect(read('LICENSE')).toContain('Apache License\n                           Version 2.0, January 2004')
    expect(JSON.parse(read('package.json'))).toMatchObject({ license: 'Apache-2.0' })
  })
})

describe('machine paths', () => {
  // Put together here, so that this file has none.
  const [home, work] = ['home', 'work']

  it('stand in no file', () => {
    const found = filesBelow(root)
      .filter((path) => !/\.(?:png|ico|gz|zip|sqlite|bin)$/.test(path))
      .flatMap((path) => machinePaths(read(path)).map((match) => `${path}: ${match}`))
    expect(found).toEqual([])
  })

  it.each([
    { text: `see /${home}/anna/weir`, want: [`/${home}/anna`] },
    { text: `cd /${work}/main`, want: [`/${work}/main`] },
    { text: 'https://example.org/home/page and ./work/flow and $HOME/work/x', want: [] },
  ])('are told from addresses: $text', ({ text, want }) => {
    expect(machinePaths(text)).toEqual(want)
  })
})
