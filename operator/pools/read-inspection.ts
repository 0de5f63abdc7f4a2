import { gunzipSync } from 'node:zlib'
import type { ComponentStatus } from '../../crds/v1alpha1/component.ts'
import { contractOf } from '../../flow/component/contract-of.ts'
import { functionsForStatus } from './decide/found-functions.ts'
import type { ComponentName } from './decide/pool-identity.ts'

/** What an image's component.json has told. */
export type ReadImage =
  | { readonly kind: 'read'; readonly status: Required<Pick<ComponentStatus, 'functions' | 'dialect' | 'isolation'>> }
  | { readonly kind: 'unusable'; readonly reason: string; readonly message: string }

interface Told {
  readonly own?: unknown
  readonly packageJson?: unknown
  readonly files?: unknown
  readonly problem?: unknown
}

/** What 4 KiB may unpack to. */
const mostBytes = 4 * 1024 * 1024

/** Of what an inspecting pod has left behind. Total: whatever an image makes of it. */
export function readInspection({ kind, name }: ComponentName, message: string): ReadImage {
  const told = unpacked(message)
  if (told === undefined || told.problem !== undefined)
    return unusable('FunctionsUnreadable', 'its component.json is too large to be read: name them in `spec.functions`')
  if (typeof told.own !== 'string')
    return unusable(
      'ComponentJsonMissing',
      'its image has no component.json where it begins to work: name its functions in `spec.functions`',
    )
  const { contract, findings } = contractOf({ kind, name, files: textsOf(told, told.own) })
  const problem = findings.find(({ severity }) => severity === 'error')
  if (problem !== undefined) return unusable(problem.code, problem.message)
  if (contract === undefined) return unusable('ComponentJsonInvalid', 'its component.json names no function')
  const { dialect, isolation, functions } = contract
  return { kind: 'read', status: { dialect, isolation, functions: functionsForStatus(Object.values(functions)) } }
}

function textsOf({ files, packageJson }: Told, own: string): Readonly<Record<string, string>> {
  const sources = typeof files === 'object' && files !== null ? Object.entries(files) : []
  const texts = Object.fromEntries(sources.map(([path, text]) => [path, String(text)]))
  return { ...texts, 'component.json': own, 'package.json': String(packageJson) }
}

function unusable(reason: string, message: string): ReadImage {
  return { kind: 'unusable', reason, message }
}

function unpacked(message: string): Told | undefined {
  try {
    const text = gunzipSync(Buffer.from(message, 'base64'), { maxOutputLength: mostBytes }).toString()
    const told: unknown = JSON.parse(text)
    return typeof told === 'object' && told !== null ? told : undefined
  } catch {
    return undefined // an image that writes there itself
  }
}
