import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { inspectionName, inspectionPod, inspectionProgram } from './decide/inspection-pod.ts'
import { readInspection, type ReadImage } from './read-inspection.ts'

const run = promisify(execFile)
const component = { kind: 'Component', name: 'shop' } as const
let directory = ''
afterEach(() => rm(directory, { recursive: true, force: true }))

/** As the pod would, with these files where the image begins to work. */
async function inspected(files: Readonly<Record<string, string>>): Promise<{ read: ReadImage; bytes: number }> {
  directory = await mkdtemp(join(tmpdir(), 'weir-inspect-'))
  const root = join(directory, 'root')
  await mkdir(root)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const told = join(directory, 'message')
  await run(process.execPath, ['-e', inspectionProgram, told, '4000'], { cwd: root })
  const message = await readFile(told, 'utf8')
  return { read: readInspection(component, message), bytes: message.length }
}

describe('an inspected image', () => {
  it('tells its functions with their schemas, and its dialect', async () => {
    const { read } = await inspected({
      'component.json': JSON.stringify({
        triggers: { poll: { main: './lib/poll.js', title: 'Poll', metadata: { out: './schemas/out.json' } } },
        actions: { send: { main: './lib/send', weird: 1 } },
      }),
      'schemas/out.json': '{"type":"object"}',
      'lib/poll.js': 'exports.process = async function () {\n  await this.emit("data", { body: {} })\n}',
      'lib/send.js': 'exports.process = (msg) => msg.body.name',
      'package.json': '{"dependencies":{"elasticio-sailor-nodejs":"2.7.8"}}',
    })
    expect(read).toMatchObject({
      kind: 'read',
      status: {
        dialect: 'elasticio',
        isolation: 'process',
        functions: [
          { name: 'poll', kind: 'trigger', main: './lib/poll.js', snapshot: true, output: { type: 'object' } },
          { name: 'send', kind: 'action', main: './lib/send' },
        ],
      },
    })
  })

  it('tells less where it has too much to tell, and always which functions there are', async () => {
    const noise = (at: number): string =>
      Array.from({ length: 400 }, (_, n) => `${(n * 7919 + at * 104_729) % 99_991}`).join(' ')
    const actions = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [
        `act${at}`,
        { main: `./a${at}.js`, description: noise(at), metadata: { in: { title: noise(-at) } } },
      ]),
    )
    const { read, bytes } = await inspected({ 'component.json': JSON.stringify({ actions }) })
    expect(bytes).toBeLessThanOrEqual(4000)
    expect(read.kind === 'read' && read.status.functions.map(({ name }) => name)).toEqual(Object.keys(actions))
  })

  it.each([
    { name: 'none', files: {}, want: 'ComponentJsonMissing' },
    { name: 'one that is no JSON', files: { 'component.json': '{"actions": {,}}' }, want: 'ComponentJsonInvalid' },
    { name: 'one of another form', files: { 'component.json': '{"actions": 5}' }, want: 'ComponentJsonInvalid' },
  ])('has $name: $want', async ({ files, want }) => {
    const { read } = await inspected(files)
    expect(read).toMatchObject({ kind: 'unusable', reason: want })
  })

  it.each([
    '',
    'rubbish',
    gzipSync('5').toString('base64'),
    gzipSync('{').toString('base64'),
    gzipSync(Buffer.alloc(5_000_000)).toString('base64'),
  ])('may leave behind what it will', (message) => {
    expect(readInspection(component, message).kind).toBe('unusable')
  })
})

describe('inspectionPod', () => {
  it('is one for each image of a component, with the template’s secrets of the registry and nothing else of it', () => {
    const owner = { apiVersion: 'v', kind: 'k', name: 'n', uid: 'u', controller: true, blockOwnerDeletion: false }
    const podTemplate = { spec: { imagePullSecrets: [{ name: 'registry' }], hostNetwork: true } }
    const { metadata, spec } = inspectionPod({ component, namespace: 'a', owner, spec: { image: 'x:1', podTemplate } })
    expect(metadata.name).toMatch(/^weir-inspect-shop-[0-9a-f]{10}$/)
    expect(metadata.name).not.toBe(inspectionName({ component, spec: { image: 'x:2' } }))
    expect(spec).toMatchObject({ imagePullSecrets: [{ name: 'registry' }], automountServiceAccountToken: false })
    expect(JSON.stringify(spec)).not.toContain('hostNetwork')
  })
})
