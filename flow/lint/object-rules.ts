import type { ClusterComponent, Component } from '../../crds/v1alpha1/component.ts'
import type { Credential, CredentialType, Secret } from '../../crds/v1alpha1/credential.ts'
import { contractOf } from '../component/contract-of.ts'
import { neededFields } from '../credential/needed-fields.ts'
import type { Draft } from '../finding/draft.ts'
import { listed, quoted, suggestion } from '../finding/suggest.ts'
import type { KnownObjects } from './known-objects.ts'
import { sourceDrafts } from './source-rules.ts'

/** What is wrong with a Component or ClusterComponent beyond its form. Code that is given beside the manifest stands in for `image` and `source`. */
export function componentDrafts(
  { kind, metadata, spec }: Component | ClusterComponent,
  given: ReadonlySet<string>,
): readonly Draft[] {
  const isGiven = given.has(metadata.name)
  return [
    ...codeDrafts(kind, spec, isGiven),
    ...sourceDrafts(spec.source),
    ...(isGiven ? [] : fileDrafts(kind, metadata.name, spec)),
    ...scalingDrafts(spec),
    ...envDrafts(spec),
  ]
}

/** Of an image nobody here knows the files; its own component.json is asked when a function is first called. */
function fileDrafts(
  kind: Component['kind'] | ClusterComponent['kind'],
  name: string,
  spec: Component['spec'],
): readonly Draft[] {
  if (spec.source === undefined || spec.image !== undefined || spec.functions === undefined) return []
  const functions = contractOf({ kind, name, spec }).contract?.functions ?? {}
  return spec.functions.flatMap((own, at): Draft[] => {
    if (functions[own.name]?.main !== '') return []
    const message = `nothing tells which file holds ${quoted(own.name)}: give it "main", or call the file "${own.name}.js"`
    return [{ code: 'FunctionWithoutMain', path: ['spec', 'functions', at, 'name'], message }]
  })
}

function codeDrafts(kind: string, { image, source }: Component['spec'], isGiven: boolean): readonly Draft[] {
  if ((image === undefined) !== (source === undefined)) return []
  const code = 'ComponentCode'
  if (image === undefined && isGiven) return []
  if (image === undefined) return [{ code, path: ['spec'], message: `a ${kind} needs "image" or "source"` }]
  return [{ code, path: ['spec', 'source'], key: true, message: `a ${kind} has either "image" or "source": keep one` }]
}

function scalingDrafts({ scaling }: Component['spec']): readonly Draft[] {
  const { min, max } = scaling ?? {}
  if (min === undefined || max === undefined || min <= max) return []
  const message = `"min" (${min}) is above "max" (${max}): raise "max" or lower "min"`
  return [{ code: 'ScalingContradiction', path: ['spec', 'scaling', 'min'], message }]
}

function envDrafts({ env = [] }: Component['spec']): readonly Draft[] {
  return env.flatMap(({ name, value, valueFrom }, at): Draft[] => {
    if (value === undefined || valueFrom === undefined) return []
    const message = `${quoted(name)} has both "value" and "valueFrom": keep one`
    return [{ code: 'EnvValue', path: ['spec', 'env', at, 'valueFrom'], key: true, message }]
  })
}

/** What is wrong with a Credential beyond its form, and with the Secret that it names. */
export function credentialDrafts({ metadata, spec }: Credential, known: KnownObjects): readonly Draft[] {
  const namespace = metadata.namespace ?? 'default'
  return [...fieldDrafts(spec), ...(known.isGiven(metadata.name) ? [] : secretDrafts(spec, namespace, known))]
}

const typesWithScopes: readonly CredentialType[] = ['oauth2AuthorizationCode', 'oauth2ClientCredentials', 'jwtBearer']

function fieldDrafts({ type, apiKey, scopes }: Credential['spec']): readonly Draft[] {
  const drafts: Draft[] = []
  if (apiKey !== undefined && type !== 'apiKey') {
    const message = `"apiKey" says where an API key goes, and the type is ${type}: remove it, or write "type: apiKey"`
    drafts.push({ code: 'CredentialField', path: ['spec', 'apiKey'], key: true, message })
  }
  if (scopes !== undefined && !typesWithScopes.includes(type)) {
    const message = `"scopes" are for the types ${listed(typesWithScopes)}, and the type is ${type}: remove them`
    drafts.push({ code: 'CredentialField', path: ['spec', 'scopes'], key: true, message })
  }
  return drafts
}

function secretDrafts(spec: Credential['spec'], namespace: string, known: KnownObjects): readonly Draft[] {
  const { name } = spec.secretRef
  const secret = known.secret(namespace, name)
  if (secret !== undefined) return keyDrafts(spec, secret)
  if (known.has('Secret', namespace, name)) return []
  const hint = suggestion(name, known.names('Secret', namespace))
  const message = `no Secret is named ${quoted(name)} in the given files${hint}`
  return [{ code: 'MissingSecret', path: ['spec', 'secretRef', 'name'], message }]
}

function keyDrafts({ type, secretRef }: Credential['spec'], secret: Secret): readonly Draft[] {
  const present = new Set([...Object.keys(secret.data ?? {}), ...Object.keys(secret.stringData ?? {})])
  const keyOf = new Map(Object.entries(secretRef.keys ?? {}))
  const renamed = [...keyOf].flatMap(([field, key]): Draft[] => {
    if (present.has(key)) return []
    const message = `Secret ${quoted(secretRef.name)} has no key ${quoted(key)}${suggestion(key, [...present])}`
    return [{ code: 'SecretKey', path: ['spec', 'secretRef', 'keys', field], message }]
  })
  const lacking = neededFields[type].filter((fields) => !fields.some((field) => keyOf.has(field) || present.has(field)))
  const missing = lacking.map(([first = '', ...others]): Draft => {
    const or = others.length === 0 ? '' : ` (or ${listed(others)})`
    const message = `a credential of type ${type} needs the key "${first}"${or}, and Secret ${quoted(secretRef.name)} has ${present.size === 0 ? 'none' : listed([...present])}: add it, or map it with "secretRef.keys"`
    return { code: 'SecretKey', path: ['spec', 'secretRef', 'name'], message }
  })
  return [...renamed, ...missing]
}
