/** So many at a time; whoever has waited longest comes first. What is taken is given back by what it resolves to. */
export function openSlots(count: number): { readonly take: () => Promise<() => void> } {
  const waiting: (() => void)[] = []
  let free = count
  const release = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    take: async () => {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return release
    },
  }
}

/** Resolves whoever waits when `look` finds that there is nothing to do. */
export function openIdle(isIdle: () => boolean): { readonly look: () => void; readonly wait: () => Promise<void> } {
  const waiting: (() => void)[] = []
  return {
    look: () => {
      if (isIdle()) for (const resolve of waiting.splice(0)) resolve()
    },
    wait: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
