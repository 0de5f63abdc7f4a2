import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { ComponentSource } from '../../../crds/v1alpha1/component.ts'
import { poolMetadata } from './pool-metadata.ts'
import { sourceKey } from './pool-places.ts'
import type { PoolWish, WantedObject } from './pool-wish.ts'

/** Kubernetes keeps a mebibyte in a ConfigMap, names and all. */
const mostBytes = 1_000_000

/** Inline source as pods get it: one document, so that no file's name has to be a key. Undefined where there is none. */
export function sourceMap(wish: PoolWish): WantedObject | undefined {
  const source = wish.component?.source
  if (source === undefined) return undefined
  return { metadata: poolMetadata(wish), data: { [sourceKey]: sourceText(source) } }
}

/** The same for the same files, in whatever order they are written. */
export function sourceHash(source: ComponentSource): string {
  return hash('sha256', sourceText(source), 'hex').slice(0, 16)
}

export function isSourceTooLarge(source: ComponentSource): boolean {
  return Buffer.byteLength(sourceText(source)) > mostBytes
}

function sourceText({ files }: ComponentSource): string {
  const entries = Object.entries(files).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return JSON.stringify(Object.fromEntries(entries))
}
