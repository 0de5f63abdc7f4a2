import type { ObjectMeta } from '../../kube/kube-object.ts'
import { table } from '../table.ts'

/** `meta.k8s.io/v1` Table: rows as the server shows them, by the columns that the definitions have. */
export interface ServerTable {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[]
  readonly rows?: readonly ServerRow[]
  readonly metadata?: { readonly continue?: string }
}

export interface ServerRow {
  readonly cells: readonly unknown[]
  readonly object?: { readonly metadata?: ObjectMeta }
}

export interface TableForm {
  /** Also the columns that take room. */
  readonly isWide: boolean
  readonly withNamespace: boolean
  /** In front of names, where several kinds are shown: `flow.weir.dev/`. */
  readonly prefix?: string
}

/** What asks the server for rows in place of objects; one that cannot make them sends objects. */
export const asTable = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

export function tableText(shown: ServerTable, { isWide, withNamespace, prefix = '' }: TableForm): string {
  const places = shown.columnDefinitions.flatMap(({ priority = 0 }, at) => (priority === 0 || isWide ? [at] : []))
  const headings = places.map((at) => (shown.columnDefinitions[at]?.name ?? '').toUpperCase())
  const rows = (shown.rows ?? []).map(({ cells, object }) => {
    const [name = '', ...rest] = places.map((at) => cellText(cells[at]))
    return [...(withNamespace ? [object?.metadata?.namespace ?? ''] : []), `${prefix}${name}`, ...rest]
  })
  return table([...(withNamespace ? ['NAMESPACE'] : []), ...headings], rows)
}

/** What is not known is shown as kubectl shows it. */
function cellText(cell: unknown): string {
  if (cell === undefined || cell === null || cell === '') return ''
  return typeof cell === 'string' ? cell : JSON.stringify(cell)
}
