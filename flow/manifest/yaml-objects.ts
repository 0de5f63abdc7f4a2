import { isJsonObject } from '../../crds/v1alpha1/meta.ts'
import { toFinding } from '../finding/draft.ts'
import type { Finding, Path } from '../finding/finding.ts'
import type { SourceText } from './manifest.ts'
import { yamlFile, type YamlDocument } from './yaml-document.ts'

export type YamlRecord = Readonly<Record<string, unknown>>

/** A map that a document holds, or an item of a `kind: List`; positions are asked for by paths from its own root. */
export interface YamlObject extends Omit<YamlDocument, 'value'> {
  readonly value: YamlRecord
  /** Where it is if it does not say so. */
  readonly namespace: string
}

interface YamlObjects {
  readonly objects: readonly Omit<YamlObject, 'namespace'>[]
  /** What cannot be told of any object. */
  readonly findings: readonly Finding[]
}

interface YamlObjectsOfFile extends YamlObjects {
  readonly objects: readonly YamlObject[]
  /** To be called when all objects have been judged. */
  readonly forgetTree: () => void
}

/** All objects of a file, those of a `kind: List` one by one. */
export function yamlObjects(source: SourceText): YamlObjectsOfFile {
  const file = yamlFile(source)
  if (file.kind === 'unreadable') return { objects: [], findings: [file.finding], forgetTree: () => undefined }
  const parts = file.documents.map(objectsOf)
  const { namespace = 'default' } = source
  return {
    objects: parts.flatMap(({ objects }) => objects.map((object) => ({ ...object, namespace }))),
    findings: parts.flatMap(({ findings }) => findings),
    forgetTree: file.forgetTree,
  }
}

function objectsOf(document: YamlDocument): YamlObjects {
  const { value } = document
  if (isJsonObject(value)) return isList(value) ? itemsOf(document, value.items) : one(document, value)
  if (document.isTorn) return { objects: [], findings: document.mistakes }
  return { objects: [], findings: [notAnObject(document)] }
}

function one(document: YamlDocument, value: YamlRecord): YamlObjects {
  return { objects: [{ ...document, value }], findings: [] }
}

/** As `kubectl get -o yaml` prints several objects. */
function isList(value: YamlRecord): value is { readonly items: readonly unknown[] } {
  return typeof value['kind'] === 'string' && value['kind'].endsWith('List') && Array.isArray(value['items'])
}

function itemsOf(document: YamlDocument, items: readonly unknown[]): YamlObjects {
  const objects = items.flatMap((item, at): YamlObjects['objects'] => {
    if (!isJsonObject(item)) return []
    const base: Path = ['items', at]
    const positionOf: YamlDocument['positionOf'] = (path, options) => document.positionOf([...base, ...path], options)
    return [{ ...document, value: item, mistakes: [], positionOf }]
  })
  return { objects, findings: document.mistakes }
}

function notAnObject(document: YamlDocument): Finding {
  const what = Array.isArray(document.value) ? 'a list' : 'a single value'
  const message = `the document is ${what}, and a manifest is a map: it begins with "apiVersion:"`
  return toFinding({ code: 'NotAnObject', path: [], message }, document)
}
