import type { KubeObject, Resource } from '../../kube/kube-object.ts'
import { apiVersionOf, pathOf } from '../../kube/kube-object.ts'
import type { ListOptions } from '../cluster/cluster-options.ts'
import { askedFor, type Asked } from '../cluster/kinds.ts'
import { namedObject } from '../cluster/named-object.ts'
import { withCluster, type Cluster } from '../cluster/open-cluster.ts'
import { asTable, tableText, type ServerTable } from '../cluster/server-table.ts'
import { printStructured } from '../structured.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface GetOptions extends ListOptions {
  readonly output: 'table' | 'wide' | 'yaml' | 'json' | 'name'
}

/** Prints objects of the cluster as kubectl does. */
export function clusterGetCommand(
  context: CommandContext,
  words: readonly string[],
  options: GetOptions,
): Promise<number> {
  const asked = askedFor(words)
  if (options.allNamespaces === true && asked.some(({ names }) => names.length > 0))
    throw new UsageError('a name is of one namespace: leave -A out, or the name')
  return withCluster(options, async (cluster) => {
    const isTable = options.output === 'table' || options.output === 'wide'
    await (isTable ? printTables : printObjects)(context, cluster, { asked, options })
    return 0
  })
}

interface Getting {
  readonly asked: readonly Asked[]
  readonly options: GetOptions
}

async function printTables({ terminal }: CommandContext, cluster: Cluster, { asked, options }: Getting): Promise<void> {
  const shown: string[] = []
  for (const { resource, names } of asked) {
    const found = await tableOf(cluster, resource, { names, options })
    if ((found.rows ?? []).length === 0) continue
    const withNamespace = options.allNamespaces === true && resource.isNamespaced
    const prefix = asked.length > 1 ? prefixOf(resource) : ''
    shown.push(tableText(found, { isWide: options.output === 'wide', withNamespace, prefix }))
  }
  if (shown.length > 0) return terminal.out.write(shown.join('\n'))
  const where = options.allNamespaces === true ? '' : ` in namespace ${cluster.namespace}`
  terminal.err.write(`no ${asked.map(({ resource }) => resource.plural).join(' and no ')}${where}\n`)
}

interface Rows {
  readonly names: readonly string[]
  readonly options: GetOptions
}

async function tableOf(cluster: Cluster, resource: Resource, { names, options }: Rows): Promise<ServerTable> {
  const namespace = options.allNamespaces === true ? undefined : cluster.namespace
  const ask = (place: { readonly name?: string }, query = {}): Promise<ServerTable> =>
    cluster.ask<ServerTable>(`get ${resource.plural}`, {
      method: 'GET',
      path: pathOf(resource, { namespace, ...place }),
      query,
      accept: asTable,
    })
  const pages: ServerTable[] = []
  for (const name of names) {
    await namedObject(cluster, resource, name)
    pages.push(await ask({ name }))
  }
  if (names.length > 0) return joined(pages)
  let from: string | undefined
  do {
    const page = await ask({}, { limit: 500, labelSelector: options.selector, continue: from })
    pages.push(page)
    from = page.metadata?.continue
  } while (from !== undefined && from !== '')
  return joined(pages)
}

function joined(pages: readonly ServerTable[]): ServerTable {
  return {
    columnDefinitions: pages[0]?.columnDefinitions ?? [],
    rows: pages.flatMap(({ rows = [] }) => rows),
  }
}

async function printObjects(
  { terminal }: CommandContext,
  cluster: Cluster,
  { asked, options }: Getting,
): Promise<void> {
  const found: KubeObject[] = []
  for (const { resource, names } of asked) {
    const all =
      names.length > 0
        ? await Promise.all(names.map((name) => namedObject(cluster, resource, name)))
        : await cluster.list(resource, {
            ...(options.allNamespaces === true && { namespace: null }),
            labelSelector: options.selector,
          })
    // The server leaves out in a list what is the same for all of it.
    found.push(...all.map((one) => whole(resource, one)))
  }
  const { output } = options
  if (output === 'name') return terminal.out.write(found.map((one) => `${nameOf(one)}\n`).join(''))
  const isOne = asked.length === 1 && asked[0]?.names.length === 1
  const value = isOne ? found[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: found }
  await printStructured(terminal, value, output === 'json' ? 'json' : 'yaml')
}

/** Who wrote which field is left out, and what it is comes first, as kubectl does. */
function whole(resource: Resource, { metadata, ...rest }: KubeObject): KubeObject {
  const { managedFields: _, ...shown } = metadata
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: shown, ...rest }
}

function prefixOf({ kind, group }: Resource): string {
  return `${kind.toLowerCase()}.${group}/`
}

function nameOf({ kind = '', apiVersion = '', metadata }: KubeObject): string {
  return `${kind.toLowerCase()}.${apiVersion.split('/')[0]}/${metadata.name}`
}
