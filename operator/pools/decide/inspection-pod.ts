import { hash } from 'node:crypto'
import type { ComponentSpec } from '../../../crds/v1alpha1/component.ts'
import { fieldsOf } from './lay-over.ts'
import { restricted } from './pool-containers.ts'
import type { ComponentName } from './pool-identity.ts'
import { managedBy } from './pool-metadata.ts'
import type { Fields, PoolOwner, WantedObject } from './pool-wish.ts'

/** On the pods that read an image's component.json. */
export const inspectionLabel = 'weir.dev/inspects'

const messagePath = '/dev/termination-log'
/** A kubelet takes 4,096 bytes. */
const mostBytes = 4_000

/**
 * Runs in the component's image, with any Node since 8, and loads none of its code. Writes the component.json, with the schemas that it names, the words of
 * its package.json and of its functions' files that tell its dialect, packed, where the kubelet takes it from. Of what is too large, less.
 *
 * Arguments: where to, and how many bytes at the most.
 */
export const inspectionProgram = `
const fs = require('fs'), path = require('path'), zlib = require('zlib')
const read = (file) => { try { return fs.readFileSync(path.join(process.cwd(), file), 'utf8') } catch (error) { return undefined } }
const parse = (text) => { try { return JSON.parse(text) } catch (error) { return undefined } }
const own = read('component.json')
let json = parse(own)
const files = {}
const functions = []
if (json && typeof json === 'object') for (const kind of ['triggers', 'actions']) for (const name of Object.keys(json[kind] || {})) {
  const one = json[kind][name]
  if (one && typeof one === 'object') functions.push(one)
}
for (const one of functions) {
  const data = one.metadata && typeof one.metadata === 'object' ? one.metadata : {}
  for (const key of ['in', 'out']) {
    const schema = typeof data[key] === 'string' ? parse(read(data[key])) : undefined
    if (schema !== undefined) data[key] = schema
  }
  if (typeof one.main !== 'string') continue
  for (const ending of ['', '.js', '.cjs', '.mjs', '/index.js']) {
    const text = read(one.main + ending)
    if (text === undefined) continue
    const lines = text.slice(0, 200000).split('\\n').filter((line) => /\\b(?:body|data|newMessageWithBody)\\b/.test(line))
    files[one.main.replace(/^(\\.?\\/)+/, '') + ending] = lines.slice(0, 40).map((line) => line.slice(0, 160)).join('\\n')
    break
  }
}
const manifest = parse(read('package.json')) || {}
const scripts = { start: (manifest.scripts || {}).start }
const packageJson = JSON.stringify({ scripts, dependencies: manifest.dependencies })
const less = (fields) => functions.forEach((one) => fields.forEach((field) => { delete one[field] }))
const forms = [
  () => ({ own: json === undefined ? own : JSON.stringify(json), packageJson, files }),
  () => (less(['metadata', 'input', 'output']), forms[0]()),
  () => (less(['fields', 'config', 'description', 'help']), forms[0]()),
  () => (json && (json = { triggers: json.triggers, actions: json.actions }), { own: JSON.stringify(json), packageJson, files: {} }),
  () => ({ problem: 'TooLarge' }),
]
for (const form of forms) {
  const packed = zlib.gzipSync(Buffer.from(JSON.stringify(form()))).toString('base64')
  if (packed.length > Number(process.argv[2])) continue
  fs.writeFileSync(process.argv[1], packed)
  break
}`

export interface InspectionWish {
  readonly component: ComponentName
  /** Where the pod is to run: the component's own, or the operator's. */
  readonly namespace: string
  readonly spec: ComponentSpec
  readonly owner: PoolOwner
}

/** The same for the same image of the same component: it is looked at once. */
export function inspectionName({
  component: { kind, name },
  spec,
}: Pick<InspectionWish, 'component' | 'spec'>): string {
  const digest = hash('sha256', JSON.stringify([kind, name, spec.image]), 'hex').slice(0, 10)
  return `weir-inspect-${name.slice(0, 30).replace(/-+$/, '')}-${digest}`
}

/** Where its pods may run, and as whom an image is pulled, is what a component's template says. */
const placing = ['imagePullSecrets', 'nodeSelector', 'affinity', 'tolerations', 'priorityClassName', 'runtimeClassName']

export function inspectionPod(wish: InspectionWish): WantedObject {
  const { component, namespace, spec, owner } = wish
  const over = fieldsOf(fieldsOf(spec.podTemplate)['spec'])
  const placed = Object.fromEntries(placing.flatMap((field) => (over[field] == null ? [] : [[field, over[field]]])))
  return {
    metadata: {
      name: inspectionName(wish),
      namespace,
      labels: { ...managedBy, [inspectionLabel]: component.name, 'weir.dev/component-kind': component.kind },
      ownerReferences: [owner],
    },
    spec: {
      ...placed,
      restartPolicy: 'Never',
      activeDeadlineSeconds: 3_600,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [inspector(spec)],
    },
  }
}

function inspector({ image = '' }: ComponentSpec): Fields {
  return {
    name: 'component',
    image,
    command: ['node', '-e', inspectionProgram, messagePath, String(mostBytes)],
    terminationMessagePath: messagePath,
    securityContext: restricted,
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
  }
}
