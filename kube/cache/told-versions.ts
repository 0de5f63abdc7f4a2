import { isNewer } from './resource-version.ts'

/** Up to which version the server has told of everything. */
export interface ToldVersions {
  /** Undefined before it has told of all that was there. */
  readonly upTo: () => string | undefined
  readonly told: (version: string) => void
  readonly reached: (version: string) => Promise<void>
}

export function openToldVersions(): ToldVersions {
  const waiting = new Set<{ readonly version: string; readonly resolve: () => void }>()
  let upTo: string | undefined
  return {
    upTo: () => upTo,
    told: (version) => {
      upTo = version
      for (const one of waiting) {
        if (isNewer(one.version, version)) continue
        waiting.delete(one)
        one.resolve()
      }
    },
    reached: async (version) => {
      if (upTo !== undefined && !isNewer(version, upTo)) return
      await new Promise<void>((resolve) => waiting.add({ version, resolve }))
    },
  }
}
