/** Hears of aborts for many things that share a few signals: one listener per signal, however many wait. */
export interface AbortWatch<Item> {
  readonly watch: (signal: AbortSignal, item: Item) => void
  readonly forget: (signal: AbortSignal, item: Item) => void
}

export function openAbortWatch<Item>(onAbort: (item: Item) => void): AbortWatch<Item> {
  const watched = new Map<AbortSignal, { readonly items: Set<Item>; readonly onSignal: () => void }>()
  return {
    watch: (signal, item) => {
      const known = watched.get(signal)
      if (known !== undefined) return void known.items.add(item)
      const items = new Set([item])
      const onSignal = (): void => {
        watched.delete(signal)
        for (const each of items) onAbort(each)
      }
      watched.set(signal, { items, onSignal })
      signal.addEventListener('abort', onSignal, { once: true })
    },
    forget: (signal, item) => {
      const known = watched.get(signal)
      known?.items.delete(item)
      if (known === undefined || known.items.size > 0) return
      signal.removeEventListener('abort', known.onSignal)
      watched.delete(signal)
    },
  }
}
