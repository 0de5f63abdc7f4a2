import { pino } from 'pino'
import { openKubeClient } from '../../kube/transport/kube-client.ts'
import { kubeconfigAccess } from '../../kube/transport/kubeconfig-access.ts'
import { openOperator } from '../../operator/open-operator.ts'
import { keepHeapSmall } from '../../operator/small-heap.ts'
import { operatorOptions, type BenchGround } from './many-flows.ts'

/**
 * The operator of one namespace, with the wait after the declaration of a queue left out: that would be most of what an edit takes, and the same however
 * many flows there are. For `operator-scale-bench.ts`.
 */
keepHeapSmall()
const [namespace = '', places = ''] = process.argv.slice(2)
const { kubeconfig, rabbit, mongo } = JSON.parse(places) as Pick<BenchGround, 'kubeconfig' | 'rabbit' | 'mongo'>
const client = openKubeClient({ access: await kubeconfigAccess({ path: kubeconfig }), userAgent: 'weir-bench' })
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
await openOperator({
  ...operatorOptions({ client, rabbit, mongo }, namespace),
  log: pino({ level: 'warn' }),
  timing: { changes: { waits: { declaredMs: 0 } } },
}).run(ending.signal)
process.exit(0)
