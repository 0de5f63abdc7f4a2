/** What a process of a pipeline tells the driver. */
export type StepReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'finished'; readonly count: number; readonly latenciesUs: readonly number[] }
  | { readonly kind: 'cpu'; readonly cpuMs: number }

type Reporter = Pick<NodeJS.Process, 'send' | 'on' | 'cpuUsage'>

const tellAfterMs = 5

/** Counts what a step has finished, and tells the driver every few milliseconds; answers `cpu` with what the process has used. */
export function reportTo(
  process: Reporter,
  cpuMs: () => number = () => ownCpuMs(process),
): { readonly finished: (sentAtUs: number) => void } {
  let count = 0
  let latenciesUs: number[] = []
  let isScheduled = false
  const tell = (): void => {
    isScheduled = false
    process.send?.({ kind: 'finished', count, latenciesUs } satisfies StepReport)
    latenciesUs = []
  }
  process.on('message', () => {
    process.send?.({ kind: 'cpu', cpuMs: cpuMs() } satisfies StepReport)
  })
  return {
    finished: (sentAtUs) => {
      count += 1
      if (sentAtUs > 0) latenciesUs.push(nowUs() - sentAtUs)
      if (isScheduled) return
      isScheduled = true
      setTimeout(tell, tellAfterMs)
    },
  }
}

function ownCpuMs(process: Reporter): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** One clock for all processes of a machine, in microseconds. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
