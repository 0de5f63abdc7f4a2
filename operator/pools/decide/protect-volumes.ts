import { fieldsOf, isFields, itemsOf } from './lay-over.ts'
import type { Refuse } from './restricted-context.ts'
import type { Fields } from './pool-wish.ts'

interface VolumeParts {
  /** The pod's spec without the component's template, and with it. */
  readonly base: Fields
  readonly laid: Fields
  readonly secret: string | undefined
  readonly refuse: Refuse
}

/** The kinds that PodSecurity *restricted* allows. */
const allowed = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** Ours as they are, those of the template as far as they hold nothing of ours and nothing of the node. */
export function protectVolumes({ base, laid, secret, refuse }: VolumeParts): {
  readonly kept: readonly Fields[]
  readonly names: ReadonlySet<unknown>
} {
  const ours = itemsOf(base['volumes'])
  const ourNames = new Set(ours.map(({ name }) => name))
  const added = itemsOf(laid['volumes']).filter(({ name }) => !ourNames.has(name))
  for (const volume of itemsOf(laid['volumes'])) {
    const own = ours.find(({ name }) => name === volume['name'])
    if (own !== undefined && !isSame(own, volume))
      refuse(`spec.volumes[${String(volume['name'])}]`, 'it is the operator’s')
  }
  const theirs = added.filter((volume) => {
    const why = problemOf(volume, secret)
    if (why !== undefined) refuse(`spec.volumes[${String(volume['name'])}]`, why)
    return why === undefined
  })
  const kept = [...ours, ...theirs]
  return { kept, names: new Set(kept.map(({ name }) => name)) }
}

function problemOf(volume: Fields, secret: string | undefined): string | undefined {
  const kind = Object.keys(volume).find((key) => key !== 'name' && !allowed.includes(key))
  if (kind !== undefined) return `PodSecurity restricted does not allow ${kind}`
  const sources = itemsOf(fieldsOf(volume['projected'])['sources'])
  if (sources.some((source) => source['serviceAccountToken'] !== undefined)) return 'the token is for the runner alone'
  if (namesSecret(volume, secret)) return 'it holds the passwords of RabbitMQ and MongoDB'
  return undefined
}

/** Whether a volume, a variable or a source of variables takes from that Secret. */
export function namesSecret(part: Fields, secret: string | undefined): boolean {
  if (secret === undefined) return false
  return Object.entries(part).some(([key, value]) => {
    if (['secretRef', 'secretKeyRef', 'secret'].includes(key)) {
      const { name, secretName } = fieldsOf(value)
      if (name === secret || secretName === secret) return true
    }
    if (Array.isArray(value)) return itemsOf(value).some((item) => namesSecret(item, secret))
    return isFields(value) && namesSecret(value, secret)
  })
}

export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
