import type { Flow } from '../../crds/v1alpha1/flow.ts'
import { quoted, suggestion } from '../../flow/finding/suggest.ts'
import type { Project } from '../../local/load-project.ts'

/** Names that were given on the command line. */
export interface GivenNames {
  readonly components: Iterable<string>
  readonly credentials: Iterable<string>
}

/** A line for each name that no flow uses: it is likely to be mistyped. Nothing while a flow cannot be read, which may use it. */
export function unusedNames({ parsed }: Pick<Project, 'parsed'>, given: GivenNames): string[] {
  const flows = parsed.manifests.flows.map(({ object }) => object)
  if (flows.length === 0 || parsed.broken.some(({ kind }) => kind === 'Flow')) return []
  return [
    ...unused('component', given.components, flows.flatMap(componentsOf)),
    ...unused('credential', given.credentials, flows.flatMap(credentialsOf)),
  ]
}

function unused(what: 'component' | 'credential', given: Iterable<string>, used: readonly string[]): string[] {
  const known = [...new Set(used)]
  return [...given]
    .filter((name) => !known.includes(name))
    .map((name) => `warning: --${what}: no flow uses a ${what} ${quoted(name)}${suggestion(name, known)}`)
}

function componentsOf({ spec }: Flow): string[] {
  return spec.steps.flatMap(({ component, clusterComponent }) => component ?? clusterComponent ?? [])
}

function credentialsOf({ spec }: Flow): string[] {
  const ofSteps = spec.steps.flatMap(({ credential }) => credential ?? [])
  const ofWebhooks = spec.triggers.flatMap(({ webhook }) => Object.values(webhook?.auth ?? {}))
  return [...ofSteps, ...ofWebhooks.flatMap((auth: { readonly credential?: string }) => auth.credential ?? [])]
}
