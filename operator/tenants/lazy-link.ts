import type { Clock } from '../../kube/clock.ts'

/** A connection that is made when it is used, and closed when nobody has used it for a while. */
export interface LazyLink<Link> {
  /** Opens it where it is not; all who ask meanwhile get the same. What it was used for ends with `release`, safe to call twice. */
  readonly use: () => { readonly link: () => Promise<Link>; readonly release: () => void }
  /** Undefined while there is none. */
  readonly current: () => Link | undefined
  /** The next use opens another. */
  readonly close: () => Promise<void>
}

export interface LazyLinkParts<Link> {
  readonly open: () => Promise<Link>
  readonly clock: Clock
  readonly idleMs: number
}

export function openLazyLink<Link extends { readonly close: () => Promise<void> }>({
  open,
  clock,
  idleMs,
}: LazyLinkParts<Link>): LazyLink<Link> {
  let opening: Promise<Link> | undefined
  let current: Link | undefined
  let users = 0
  let cancelIdle = (): void => {}

  const close = async (): Promise<void> => {
    cancelIdle()
    const closed = opening
    opening = undefined
    current = undefined
    await closed?.then((link) => link.close()).catch(() => {}) // one that never opened is closed
  }
  const openNow = async (): Promise<Link> => {
    const link = await open()
    current = link
    return link
  }
  const link = (): Promise<Link> => {
    opening ??= openNow().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  const leave = (): void => {
    users -= 1
    cancelIdle()
    if (users === 0) cancelIdle = clock.setTimer(idleMs, () => void close())
  }
  return {
    current: () => current,
    close,
    use: () => {
      users += 1
      cancelIdle()
      let isUsed = true
      const release = (): void => {
        if (isUsed) leave()
        isUsed = false
      }
      return { link, release }
    },
  }
}
