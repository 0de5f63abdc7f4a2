/** What a process of a pipeline tells the driver. */
export type StepReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'finished'; readonly count: number; readonly latenciesUs: readonly number[] }

type Reporter = Pick<NodeJS.Process, 'send'>

const tellAfterMs = 20

/** Counts what a step has finished, and tells the driver every 20 ms. */
export function reportTo(process: Reporter): { readonly finished: (sentAtUs: number) => void } {
  let count = 0
  let latenciesUs: number[] = []
  let isScheduled = false
  const tell = (): void => {
    isScheduled = false
    process.send?.({ kind: 'finished', count, latenciesUs } satisfies StepReport)
    latenciesUs = []
  }
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

/** One clock for all processes of a machine, in microseconds. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
