import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A ClusterComponent of the catalogue, with its code in line: it runs in Weir's own image. */
export interface CatalogueComponent {
  readonly apiVersion: string
  readonly kind: 'ClusterComponent'
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: { readonly source: { readonly files: Readonly<Record<string, string>> } }
}

const components = join(import.meta.dirname, '..', '..', 'components')

/** All of them, by name. */
export async function catalogue(): Promise<readonly CatalogueComponent[]> {
  const entries = await readdir(components, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(names.toSorted().map(catalogueComponent))
}

async function catalogueComponent(name: string): Promise<CatalogueComponent> {
  const root = join(components, name)
  const all = await readdir(root, { recursive: true })
  const paths = all.filter((path) => /\.(?:js|json)$/.test(path)).toSorted()
  const texts = await Promise.all(paths.map((path) => readFile(join(root, path), 'utf8')))
  return {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'ClusterComponent',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'weir' } },
    spec: { source: { files: Object.fromEntries(paths.map((path, at) => [path, texts[at] ?? ''])) } },
  }
}
