import { parseAllDocuments } from 'yaml'
import { contractIndex } from '../../flow/component/contract-index.ts'
import { lintManifests } from '../../flow/lint/lint-flows.ts'
import type { SourceText } from '../../flow/manifest/manifest.ts'
import { parseManifests } from '../../flow/manifest/parse-manifests.ts'
import { compile } from '../../flow/plan/compile.ts'
import type { BenchResult } from './bench-result.ts'
import { median, ownCpuMs, spread } from './bench-result.ts'

const flows = 1000
const rounds = 5

/** Lint and plan of 1,000 flows of 10 steps against what the YAML library takes to parse the same files. */
export async function bench(): Promise<BenchResult[]> {
  const sources = Array.from({ length: flows }, (_, n) => source(n))
  const ratios: number[] = []
  lintAndPlan(sources.slice(0, 50))
  parseOnly(sources.slice(0, 50))
  for (let round = 0; round < rounds; round += 1) {
    const parsing = cpuOf(() => parseOnly(sources))
    const ours = cpuOf(() => lintAndPlan(sources))
    ratios.push(ours / parsing)
  }
  return [
    {
      name: 'lint-and-plan',
      value: median(ratios),
      goal: 3,
      unit: '×',
      note: `of the YAML parse alone, ${spread(ratios)}`,
    },
  ]
}

function cpuOf(work: () => void): number {
  const before = ownCpuMs()
  work()
  return ownCpuMs() - before
}

function parseOnly(sources: readonly SourceText[]): void {
  for (const { text } of sources) {
    for (const document of parseAllDocuments(text)) if ('toJS' in document) document.toJS()
  }
}

function lintAndPlan(sources: readonly SourceText[]): void {
  const parsed = parseManifests(sources)
  const contracts = contractIndex([
    {
      kind: 'Component',
      name: 'crm',
      dialect: 'oih',
      isolation: 'process',
      functions: {
        get: { name: 'get', kind: 'action', main: './get.js', emits: 'many', snapshot: false, checkpoint: false },
      },
    },
  ])
  const findings = [...parsed.findings, ...lintManifests(parsed, { contracts, strict: true })]
  if (findings.length > 0) throw new Error(`the benchmark's flows have findings: ${JSON.stringify(findings[0])}`)
  for (const { object } of parsed.manifests.flows) {
    compile({ ...object, metadata: { ...object.metadata, uid: object.metadata.name } }, { contracts, revision: 1 })
  }
}

/** Every flow has expressions of its own, as real ones have. */
function source(n: number): SourceText {
  const text = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: flow-${n}}
spec:
  triggers:
  - {name: nightly, schedule: {cron: "${n % 60} 3 * * *", timeZone: Europe/Berlin}}
  - {name: by-hand, manual: {}}
  steps:
  - {name: fetch, component: crm, function: get, config: {pageSize: ${n}}, next: [{to: check}]}
  - {name: check, filter: data.email != null and data.n != ${n}, next: [{to: shape}]}
  - name: shape
    transform: '{"name": data.first & " " & data.last, "n": ${n}, "from": $trigger.name}'
    next: [{to: vip, when: data.spent > ${n}}, {to: store, otherwise: true, map: '{"contact": data, "n": ${n}}'}]
  - {name: vip, component: crm, function: get, config: {vip: true}, next: [{to: note}]}
  - {name: note, log: '"vip ${n} " & data.name', next: [{to: tag}]}
  - {name: tag, set: {id: data.id, kind: '"vip-${n}"', found: $steps.check.data.id}, next: []}
  - name: store
    component: crm
    function: get
    onError: {retry: {maxAttempts: 5, initialDelaySeconds: 1}, then: deadLetter}
    next: [{to: each}]
  - {name: each, split: 'data.items[amount > ${n}]', next: [{to: last}]}
  - {name: last, transform: '$merge([data, {"flow": ${n}}])', next: [{to: done}]}
  - {name: done, component: crm, function: get, timeoutSeconds: 30}
`
  return { file: `flow-${n}.yaml`, text }
}
