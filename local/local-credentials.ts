import type { BudgetInUse, Credential, Secret } from '../crds/v1alpha1/credential.ts'
import { credentialFields, secretFields } from '../flow/credential/credential-fields.ts'
import { budgetInUse } from '../flow/credential/rate-budget.ts'
import type { Manifests } from '../flow/manifest/manifest.ts'
import { secretValues } from '../runtime/secret-values.ts'
import type { CredentialSource, ResolvedCredential } from '../runtime/plan-source.ts'

/** Credentials that a local run knows, and what of them must not be shown. */
export interface LocalCredentials extends CredentialSource {
  /** The values themselves, of every credential and every given Secret. */
  readonly secrets: readonly string[]
}

/**
 * Credentials from the given manifests and their Secrets, with the rate budgets of their Apps; what `--credential` names wins, in every namespace, but
 * for the budget.
 */
export function localCredentials(
  manifests: Pick<Manifests, 'credentials' | 'secrets' | 'apps'>,
  given: ReadonlyMap<string, Readonly<Record<string, string>>>,
): LocalCredentials {
  const secrets = new Map(manifests.secrets.map(({ object }) => [secretKey(object), secretFields(object)]))
  const types = new Map(manifests.credentials.map(({ object }) => [credentialKey(object), object.spec.type]))
  const budgets = new Map<string, BudgetInUse>()
  const apps = new Map(manifests.apps.map(({ object }) => [keyIn(object, object.metadata.name), object.spec]))
  for (const { object } of manifests.credentials) {
    const { app } = object.spec
    const budget = app === undefined ? undefined : budgetInUse(app, apps.get(keyIn(object, app)))
    if (budget !== undefined) budgets.set(credentialKey(object), budget)
  }
  const resolved = new Map<string, ResolvedCredential>()
  for (const { object } of manifests.credentials) {
    const fields = secrets.get(`${object.metadata.namespace ?? 'default'}/${object.spec.secretRef.name}`)
    if (fields !== undefined)
      resolved.set(credentialKey(object), { type: object.spec.type, fields: credentialFields(object.spec, fields) })
  }
  return {
    get: async (namespace, name) => {
      const key = `${namespace}/${name}`
      const fields = given.get(name)
      const found = fields === undefined ? resolved.get(key) : { type: types.get(key) ?? 'mixed', fields }
      const rateBudget = budgets.get(key)
      return found === undefined || rateBudget === undefined ? found : { ...found, rateBudget }
    },
    secrets: [...secrets.values(), ...given.values()].flatMap(secretValues),
  }
}

/** What tells Secrets apart. */
export function secretKey({ metadata }: Secret): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

function credentialKey(credential: Credential): string {
  return keyIn(credential, credential.metadata.name)
}

/** Of something in the same namespace. */
function keyIn({ metadata }: Pick<Credential, 'metadata'>, name: string): string {
  return `${metadata.namespace ?? 'default'}/${name}`
}
