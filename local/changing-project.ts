import type { ComponentReference } from '../flow/component/contract-index.ts'
import { PermanentError } from '../runtime/error.ts'
import type { CredentialSource } from '../runtime/plan-source.ts'
import type { ComponentCodeSource } from '../runtime/runner/runner-parts.ts'
import type { LocalComponents } from './local-components.ts'

/** Components and credentials of a run whose files may change. */
export interface ChangingProject {
  readonly code: ComponentCodeSource
  readonly credentials: CredentialSource
  /** Whether some files of this run had it. */
  readonly has: (component: ComponentReference, namespace: string) => boolean
  readonly change: (parts: ProjectParts) => void
  readonly close: () => Promise<void>
}

export interface ProjectParts {
  readonly components: LocalComponents
  readonly credentials: CredentialSource
}

/** What the newest files do not have is looked for in those before: what has started is finished as it began. */
export function openProject(first: ProjectParts): ChangingProject {
  const newestFirst: ProjectParts[] = [first]
  return {
    has: (component, namespace) =>
      newestFirst.some(({ components }) => components.find(component, namespace) !== undefined),
    change: (parts) => void newestFirst.unshift(parts),
    code: async (step, namespace) => {
      const parts = newestFirst.find(({ components }) => components.find(step.component, namespace) !== undefined)
      if (parts === undefined)
        throw new PermanentError('ComponentNotFound', `there is no component "${step.component.name}"`)
      return parts.components.code(step, namespace)
    },
    credentials: {
      get: async (namespace, name) => {
        for (const { credentials } of newestFirst) {
          const found = await credentials.get(namespace, name)
          if (found !== undefined) return found
        }
        return undefined
      },
    },
    close: async () => {
      await Promise.all(newestFirst.map(({ components }) => components.close()))
    },
  }
}
