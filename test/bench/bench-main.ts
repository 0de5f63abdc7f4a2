import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BenchResult } from './bench-result.ts'
import { formatResult } from './bench-result.ts'

/** `make bench [ONLY=name]`: each benchmark in a process of its own, a line each; exit code 1 when one falls short. */
const benches: Readonly<Record<string, () => Promise<{ readonly bench: () => Promise<readonly BenchResult[]> }>>> = {
  pipeline: () => import('./pipeline-bench.ts'),
  naive: () => import('./naive-bench.ts'),
  fusion: () => import('./fusion-bench.ts'),
  safety: () => import('./safety-bench.ts'),
  latency: () => import('./latency-bench.ts'),
  idle: () => import('./idle-bench.ts'),
  start: () => import('./start-bench.ts'),
  recorder: () => import('./recorder-bench.ts'),
  lint: () => import('./lint-bench.ts'),
  expression: () => import('./expression-bench.ts'),
  message: () => import('./message-bench.ts'),
  link: () => import('./link-bench.ts'),
  host: () => import('./host-bench.ts'),
  'local-idle': () => import('./local-idle-bench.ts'),
  'local-start': () => import('./local-start-bench.ts'),
  memory: () => import('./memory-bench.ts'),
}

const [only, isChild] = process.argv.slice(2)
if (isChild === 'here') {
  const { bench } = await (benches[only ?? ''] as NonNullable<(typeof benches)[string]>)()
  for (const result of await bench()) {
    process.stdout.write(`${formatResult(result)}\n`)
    if (result.note !== undefined) process.stderr.write(`  ${result.name}: ${result.note}\n`)
  }
  process.exit(0)
}
const names = only === undefined || only === '' ? Object.keys(benches) : [only]
for (const name of names) {
  if (!Object.hasOwn(benches, name)) {
    process.stderr.write(`no benchmark "${name}"; there are ${Object.keys(benches).join(', ')}\n`)
    process.exit(2)
  }
  const self = fileURLToPath(import.meta.url)
  const { stdout, status } = spawnSync(process.execPath, ['--expose-gc', self, name, 'here'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  process.stdout.write(stdout)
  if (status !== 0) process.stdout.write(`${name} failed with exit code ${status}\n`)
  if (status !== 0 || stdout.includes(' short\n')) process.exitCode = 1
}
