/** How much is under way. */
export interface WorkCount {
  readonly begin: () => void
  readonly end: () => void
  readonly whenNone: () => Promise<void>
}

export function openWorkCount(): WorkCount {
  const waiting: (() => void)[] = []
  let count = 0
  return {
    begin: () => {
      count += 1
    },
    end: () => {
      count -= 1
      if (count === 0) for (const resolve of waiting.splice(0)) resolve()
    },
    whenNone: async () => {
      if (count > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
