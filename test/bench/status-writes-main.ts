import { pathOf, type KubeObject } from '../../kube/kube-object.ts'
import { openKubeClient } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'
import { ownCpuMs } from './bench-result.ts'
import { openClientNode, statusKinds, writeOurs, writeTheirs, type Written } from './status-write-clients.ts'

/**
 * One of the two clients in a process of its own, which writes statuses for a while each time that it is sent a word for them: for
 * `limited-status-writes.ts`.
 */
export interface WritingRound {
  readonly writes: number
  readonly tookMs: number
  readonly cpuMs: number
}

const [way = '', kubeconfig = '', namespace = '', kindName = '', roundMs = ''] = process.argv.slice(2)
const client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-bench' })
const resource = statusKinds.find(({ name }) => name === kindName)?.resource
if (resource === undefined) throw new Error(`no kind ${kindName}`)
const written: Written = { namespace, resource, objects: [] }
const write = writerOf(way)

process.on('disconnect', () => process.exit(0))
process.on('message', (word) => void answer(String(word)))
process.send?.('ready')

function writerOf(name: string): (word: string) => Promise<void> {
  if (name === 'ours') return (word) => writeOurs(client, written, word)
  const api = openClientNode(kubeconfig)
  return (word) => writeTheirs(api, written, word)
}

async function answer(word: string): Promise<void> {
  process.send?.(await round(word))
}

/** All objects again and again, until the time is over. */
async function round(word: string): Promise<WritingRound> {
  // The other process has written to them.
  const path = pathOf(written.resource, { namespace })
  const list = await client.request<{ readonly items: readonly KubeObject[] }>({ method: 'GET', path })
  written.objects.splice(0, Infinity, ...orThrow(list).items)
  const [since, cpuBefore] = [performance.now(), ownCpuMs()]
  let writes = 0
  for (let pass = 0; performance.now() - since < Number(roundMs); pass += 1) {
    await write(`${word} ${pass}`)
    writes += written.objects.length
  }
  return { writes, tookMs: performance.now() - since, cpuMs: ownCpuMs() - cpuBefore }
}
