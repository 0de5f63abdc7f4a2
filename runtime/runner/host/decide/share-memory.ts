/** What the processes of components may use together, in megabytes. */
export interface MemoryRules {
  /** Undefined where nothing bounds them. */
  readonly totalMb: number | undefined
  /** What one gets where there is enough. */
  readonly usualMb: number
  /** Less is none. */
  readonly leastMb: number
}

/** Of the container's limit: on cgroup version 2 the kernel ends all of its processes at once where it is reached. */
export const usable = 0.8
const megabyte = 2 ** 20

/** What a container's limit leaves to processes of components, in megabytes. */
export function usableMb(limitBytes: number, usedBytes = 0): number {
  return Math.max(0, Math.floor((limitBytes * usable - usedBytes) / megabyte))
}

/** The limit of each where so many want to run at once: even shares, of which none is too small to run in. */
export function evenMb({ totalMb, usualMb, leastMb }: MemoryRules, count: number): number {
  if (totalMb === undefined) return usualMb
  const atOnce = Math.max(1, Math.min(count, Math.floor(totalMb / leastMb)))
  return Math.min(usualMb, Math.max(leastMb, Math.floor(totalMb / atOnce)))
}

/** Of a process's limit, its V8 heap; the rest is for buffers, code and libraries. */
export function heapMb(
  limitMb: number,
  { usualMb, heapMb }: { readonly usualMb: number; readonly heapMb: number },
): number {
  return limitMb >= usualMb ? heapMb : Math.floor((limitMb * heapMb) / usualMb)
}
