import { resources } from '../../crds/resources.ts'
import { apiVersionOf, pathOf, type KubeObject } from '../../kube/kube-object.ts'
import type { KubeClient } from '../../kube/transport/kube-client.ts'
import { orThrow } from '../../kube/transport/kube-error.ts'

/** What `kubectl apply` sends for an object that is not there. */
type Applied = Pick<KubeObject, 'metadata'> & { readonly spec: object }

const apiVersion = apiVersionOf(resources.flows)
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'
const edge = { initialDelaySeconds: 2, maxDelaySeconds: 300, maxAttempts: 8 }

/** Of about the size that flows have: a dozen steps, six of them a component's; no two alike. Suspended. */
export function everydayFlow(at: number, more: object = {}): Applied {
  const place = `${['berlin', 'porto', 'osaka', 'quito', 'dakar'][at % 5]}-${at}`
  const erp = { component: 'erp', credential: 'erp-login' }
  const shop = { component: 'shop', credential: 'shop-key' }
  return {
    metadata: {
      name: `orders-${place}`,
      labels: { 'app.kubernetes.io/name': 'orders', 'app.kubernetes.io/instance': place, team: `team-${at % 40}` },
      annotations: { 'example.com/owner': `orders-${at % 40}@example.com` },
    },
    spec: {
      suspend: true,
      triggers: [
        {
          name: 'every-five',
          schedule: { cron: `${at % 5}-59/5 * * * *`, timeZone: 'Europe/Berlin', jitterSeconds: 20 },
        },
        { name: 'by-hand', manual: {} },
      ],
      steps: [
        {
          name: 'fetch',
          ...shop,
          function: 'getOrders',
          config: { url: `https://shop.example.com/${place}/orders`, pageSize: 200, status: ['paid', 'shipped'] },
          onError: { retry: edge, then: 'discard' },
        },
        { name: 'each', split: 'data.orders' },
        { name: 'wanted', filter: `data.total > ${at % 100} and data.currency = "EUR"` },
        {
          name: 'customer',
          ...erp,
          function: 'findCustomer',
          config: { url: `https://erp.example.com/api/v3/${place}/customers`, company: `C${at % 1000}` },
          bind: { email: '$lowercase(data.customer.email)' },
          onError: { retry: edge, then: 'deadLetter' },
        },
        {
          name: 'shape',
          set: {
            number: `"${place}-" & $steps.each.data.id`,
            customer: '$steps.customer.data.id',
            lines: '$steps.each.data.lines.{ "sku": sku, "quantity": quantity, "net": $round(price / 1.19, 2) }',
            delivery: '$steps.each.data.address.(street & ", " & zip & " " & city)',
            total: '$sum($steps.each.data.lines.(price * quantity))',
          },
        },
        { name: 'stock', ...erp, function: 'reserveStock', config: { warehouse: `W${at % 60}` }, timeoutSeconds: 30 },
        {
          name: 'create',
          ...erp,
          function: 'createOrder',
          config: { url: `https://erp.example.com/api/v3/${place}/orders`, company: `C${at % 1000}` },
          deduplicate: { key: 'data.number', windowSeconds: 86_400 },
          onError: { retry: edge, then: 'deadLetter' },
        },
        { name: 'moment', wait: { seconds: 5 } },
        { name: 'confirm', ...shop, function: 'confirmOrder', bind: { id: '$steps.each.data.id' } },
        {
          name: 'invoice',
          ...erp,
          function: 'createInvoice',
          config: { template: `invoice-${at % 12}`, language: 'de' },
          bind: { order: '$steps.create.data.id' },
        },
        {
          name: 'letter',
          transform: `{ "to": $steps.customer.data.email, "subject": "Order " & $steps.shape.data.number }`,
        },
        { name: 'say', log: `"order " & $steps.shape.data.number & " of ${place}"` },
      ],
      ...more,
    },
  }
}

/** As kubectl does it: with a copy of what was applied in an annotation. */
export async function applyFlow(
  client: KubeClient,
  namespace: string,
  { metadata, spec }: Applied,
): Promise<KubeObject> {
  const body = { apiVersion, kind: 'Flow', metadata: { ...metadata, namespace }, spec }
  const annotations = { ...metadata.annotations, [lastApplied]: `${JSON.stringify(body)}\n` }
  const applied = { ...body, metadata: { ...body.metadata, annotations } }
  const path = pathOf(resources.flows, { namespace })
  const query = { fieldManager: 'kubectl-client-side-apply' }
  return orThrow(await client.request<KubeObject>({ method: 'POST', path, query, body: applied }))
}

/** What those flows name. */
export async function createNeighbours(client: KubeClient, namespace: string): Promise<void> {
  const component = (name: string, functions: readonly string[]): object => ({
    kind: 'Component',
    metadata: { name },
    spec: {
      image: `images.example.com/${name}:1.4`,
      functions: functions.map((one) => ({ name: one, kind: 'action' })),
    },
  })
  const credential = (name: string, spec: object): object => ({
    kind: 'Credential',
    metadata: { name },
    spec: { ...spec, secretRef: { name } },
  })
  const all = [
    { of: resources.components, body: component('shop', ['getOrders', 'confirmOrder']) },
    {
      of: resources.components,
      body: component('erp', ['findCustomer', 'reserveStock', 'createOrder', 'createInvoice']),
    },
    { of: resources.credentials, body: credential('erp-login', { type: 'basic' }) },
    {
      of: resources.credentials,
      body: credential('shop-key', { type: 'apiKey', apiKey: { in: 'header', name: 'X-API-Key' } }),
    },
  ]
  for (const { of, body } of all)
    orThrow(await client.request({ method: 'POST', path: pathOf(of, { namespace }), body: { apiVersion, ...body } }))
}
