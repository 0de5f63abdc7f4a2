import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSources } from './read-sources.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-sources-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `# ${path}`)
  }
}

const manifest = '{"apiVersion": "weir.dev/v1alpha1", "kind": "Flow"}'

async function read(paths: string[], stdin = '') {
  const found = await readSources(
    paths.map((path) => (path === '-' ? path : join(root, path))),
    async () => stdin,
  )
  const relative = (path = '') => path.replace(`${root}/`, '')
  return {
    files: found.sources.map(({ file }) => relative(file)),
    findings: found.findings.map(({ code, file, severity }) => `${relative(file)} ${severity} ${code}`),
    ignored: found.ignoredFiles,
    components: found.componentDirectories.map(relative),
    texts: found.sources.map(({ text }) => text),
  }
}

describe('readSources', () => {
  it('reads a directory and all below it, in the order of the names', async () => {
    write('b.yaml', 'a.yml', 'c/z.YAML', 'c/a.yaml', 'd.yaml', 'notes.txt', 'run.js')
    expect((await read(['.'])).files).toEqual(['a.yml', 'b.yaml', 'c/a.yaml', 'c/z.YAML', 'd.yaml'])
  })

  it('leaves out what is hidden, packages of others, and the code of components, which it tells', async () => {
    write('flow.yaml', '.github/ci.yaml', '.hidden.yaml', 'node_modules/x/a.yaml', 'components/shop/deep/a.yaml')
    write('components/shop/component.json', 'components/notes.yaml')
    const { files, components } = await read(['.'])
    expect(files).toEqual(['components/notes.yaml', 'flow.yaml'])
    expect(components).toEqual(['components/shop'])
  })

  it('reads the manifests that stand in a component directory when it is named itself', async () => {
    write('shop/component.json', 'shop/flow.yaml')
    expect((await read(['shop'])).files).toEqual(['shop/flow.yaml'])
  })

  it('reads JSON of a directory only when it looks like a manifest, and counts the rest', async () => {
    write('package.json', 'data.json')
    writeFileSync(join(root, 'flow.json'), manifest)
    expect(await read(['.'])).toMatchObject({ files: ['flow.json'], ignored: 2, findings: [] })
    expect((await read(['data.json'])).files).toEqual(['data.json'])
  })

  it('reads once what is named twice', async () => {
    write('a.yaml', 'b/c.yaml')
    symlinkSync(join(root, 'a.yaml'), join(root, 'z.yaml'))
    expect((await read(['a.yaml', '.', 'b', 'a.yaml'])).files).toEqual(['a.yaml', 'b/c.yaml'])
    expect((await read(['-', '-'], 'text')).texts).toEqual(['text'])
  })

  it('follows links to files, not to directories, and tells of one that leads nowhere', async () => {
    write('real/a.yaml', 'flows/own.yaml')
    symlinkSync(join(root, 'real/a.yaml'), join(root, 'flows/linked.yaml'))
    symlinkSync(join(root, 'flows'), join(root, 'flows/circle.yaml'))
    symlinkSync(join(root, 'gone'), join(root, 'flows/broken.yaml'))
    expect(await read(['flows'])).toMatchObject({
      files: ['flows/linked.yaml', 'flows/own.yaml'],
      findings: ['flows/broken.yaml error FileNotFound'],
    })
  })

  it('takes the byte order mark away', async () => {
    writeFileSync(join(root, 'a.yaml'), '\uFEFFkind: Flow')
    expect((await read(['a.yaml'])).texts).toEqual(['kind: Flow'])
  })

  it('goes on after what cannot be read', async () => {
    write('ok.yaml', 'file')
    mkdirSync(join(root, 'empty'))
    expect(await read(['nowhere', 'file/below', 'empty', 'ok.yaml'])).toMatchObject({
      files: ['ok.yaml'],
      findings: ['nowhere error FileNotFound', 'file/below error FileNotFound', 'empty error NoManifests'],
    })
  })

  it('reads a pipe, and ends with what never ends', async () => {
    const endless = await readSources(['/dev/zero', '/dev/null'], async () => '')
    expect(endless.findings).toMatchObject([{ code: 'FileTooLarge', file: '/dev/zero' }])
    expect(endless.sources).toEqual([{ file: '/dev/null', text: '' }])
  })

  it('reads hundreds of files, and keeps their order', async () => {
    const names = Array.from({ length: 500 }, (_, at) => `${String(at).padStart(3, '0')}.yaml`)
    write(...names)
    expect((await read(['.'])).files).toEqual(names)
  })
})
