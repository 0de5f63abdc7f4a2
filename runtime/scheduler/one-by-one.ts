/** Runs tasks with an equal key one after the other, in the order of the calls; others side by side. */
export type OneByOne = <Result>(key: string, task: () => Promise<Result>) => Promise<Result>

export function oneByOne(): OneByOne {
  const last = new Map<string, Promise<void>>()
  return async (key, task) => {
    const before = last.get(key)
    const result = before === undefined ? task() : before.then(task)
    const done = result.then(
      () => undefined,
      () => undefined, // the caller hears of it; the next task only waits
    )
    last.set(key, done)
    try {
      return await result
    } finally {
      if (last.get(key) === done) last.delete(key)
    }
  }
}
