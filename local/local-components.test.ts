import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import type { ComponentPlanStep } from '../flow/plan/plan.ts'
import { hasCode, loadComponents } from './local-components.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-components-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function directory(name: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true })
    writeFileSync(join(root, name, path), text)
  }
  return join(root, name)
}

const componentJson = (...names: string[]) =>
  JSON.stringify({ actions: Object.fromEntries(names.map((name) => [name, { main: `./${name}.js` }])) })

function load(yaml: string, given: Record<string, string> = {}) {
  mkdirSync(join(root, 'catalogue'), { recursive: true })
  const { manifests } = parseManifests([{ file: 'c.yaml', text: yaml }])
  return loadComponents(manifests, { directories: new Map(Object.entries(given)), catalogue: join(root, 'catalogue') })
}

const inline = (name: string, namespace = 'default') => `---
apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  env: [{name: WHERE, value: ${namespace}}]
  source: {files: {"greet.js": "exports.process = () => 1 // ${namespace}", "lib/deep.js": ""}}
`
const image = (kind = 'Component') =>
  `---\napiVersion: weir.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: shop}\nspec: {image: "shop:1", isolation: shared}\n`

const stepOf = (name: string, kind: 'Component' | 'ClusterComponent' = 'Component') =>
  ({ component: { kind, name } }) as ComponentPlanStep

describe('loadComponents', () => {
  it('writes inline source out when it is needed, once, and takes it away', async () => {
    const components = await load(inline('hello'))
    const { directory: code, env } = await components.code(stepOf('hello'), 'default')
    expect(readFileSync(join(code, 'greet.js'), 'utf8')).toContain('// default')
    expect(existsSync(join(code, 'lib/deep.js'))).toBe(true)
    expect(env).toEqual({ WHERE: 'default' })
    expect((await components.code(stepOf('hello'), 'default')).directory).toBe(code)
    await components.close()
    expect(existsSync(code)).toBe(false)
    await components.close()
  })

  it('keeps components of one name in two namespaces apart', async () => {
    const components = await load(inline('hello') + inline('hello', 'sales'))
    const here = await components.code(stepOf('hello'), 'default')
    const there = await components.code(stepOf('hello'), 'sales')
    expect(there.directory).not.toBe(here.directory)
    expect(there.env).toEqual({ WHERE: 'sales' })
    await expect(components.code(stepOf('hello'), 'other')).rejects.toMatchObject({ code: 'ComponentNotFound' })
    await components.close()
  })

  it('takes the code of an image from the directory that is given, the rest from its manifests, in every namespace', async () => {
    const shop = directory('shop', { 'component.json': componentJson('put') })
    const sales = image().replace('name: shop', 'name: shop, namespace: sales')
    const components = await load(image() + sales + image('ClusterComponent'), { shop })
    for (const [kind, namespace] of [
      ['Component', 'default'],
      ['Component', 'sales'],
      ['ClusterComponent', 'anywhere'],
    ] as const) {
      const contract = components.contracts.find({ kind, name: 'shop' }, namespace)
      expect(contract).toMatchObject({ isolation: 'shared', functions: { put: {} } })
      expect((await components.code(stepOf('shop', kind), namespace)).directory).toBe(shop)
    }
    expect(components.findings).toEqual([])
  })

  it('knows a directory without a manifest everywhere', async () => {
    const components = await load('', { shop: directory('shop', { 'component.json': componentJson('put') }) })
    expect(components.contracts.find({ kind: 'Component', name: 'shop' }, 'anywhere')?.isolation).toBe('process')
  })

  it('prefers a directory that is given to inline source, and both to the catalogue', async () => {
    directory('catalogue/hello', { 'component.json': componentJson('old') })
    const own = directory('own', { 'component.json': componentJson('new') })
    const catalogued = await load('')
    expect(catalogued.contracts.find({ kind: 'ClusterComponent', name: 'hello' }, 'default')?.functions).toHaveProperty(
      'old',
    )
    const given = await load(inline('hello'), { hello: own })
    expect((await given.code(stepOf('hello'), 'default')).directory).toBe(own)
    expect(given.contracts.find({ kind: 'ClusterComponent', name: 'hello' }, 'default')?.functions).toHaveProperty(
      'new',
    )
  })

  it('knows an image without its code as declared, and that it cannot run', async () => {
    const components = await load(image())
    const shop = components.find({ kind: 'Component', name: 'shop' }, 'default')!
    expect([shop.contract, hasCode(shop)]).toEqual([undefined, false])
    await expect(components.code(stepOf('shop'), 'default')).rejects.toMatchObject({ code: 'ComponentNotFound' })
  })

  it.each([
    { name: 'that is not there', make: () => join(root, 'nowhere'), want: 'there is no such file or directory' },
    {
      name: 'that is a file',
      make: () => join(directory('x', { file: '' }), 'file'),
      want: 'it is a file; name the directory that holds component.json',
    },
  ])('tells of a directory $name, once', async ({ make, want }) => {
    const components = await load(image() + image('ClusterComponent'), { shop: make() })
    expect(components.findings).toMatchObject([{ code: 'ComponentDirectory', message: `component "shop": ${want}` }])
    expect(components.unreadable).toContain('shop')
  })

  it('finds component.json however much lies below', async () => {
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`a/${at}.js`, '']))
    const components = await load('', { shop: directory('shop', { ...many, 'component.json': componentJson('put') }) })
    expect(components.findings).toEqual([])
  })

  it('does not let source leave its directory', async () => {
    const components = await load(inline('hello').replace('lib/deep.js', '../../deep.js'))
    await expect(components.code(stepOf('hello'), 'default')).rejects.toMatchObject({ code: 'SourceOutside' })
    await components.close()
  })
})
