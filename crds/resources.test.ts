import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { expect, it } from 'vitest'
import { resources } from './resources.ts'

it.each(Object.values(resources))('names $kind as its definition does', async (resource) => {
  const file = new URL(`generated/${resource.plural}.yaml`, import.meta.url)
  const { spec } = parse(await readFile(file, 'utf8')) as {
    spec: { group: string; scope: string; names: { kind: string; plural: string }; versions: { name: string }[] }
  }
  expect({
    group: spec.group,
    version: spec.versions[0]?.name,
    kind: spec.names.kind,
    plural: spec.names.plural,
    isNamespaced: spec.scope === 'Namespaced',
  }).toEqual(resource)
})
