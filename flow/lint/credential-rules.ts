import type { CredentialType } from '../../crds/v1alpha1/credential.ts'
import type { WebhookAuth } from '../../crds/v1alpha1/trigger.ts'
import { componentOf } from '../component/contract-index.ts'
import type { Draft } from '../finding/draft.ts'
import type { Path } from '../finding/finding.ts'
import { listed, quoted, suggestion } from '../finding/suggest.ts'
import type { FlowRule, FlowView } from './flow-view.ts'
import { isBuiltIn } from './step-kinds.ts'

/** A place that names a credential, and the types it can use; undefined means any. */
interface CredentialUse {
  readonly name: string
  readonly path: Path
  readonly types: readonly string[] | undefined
  readonly user: string
}

const credentials: FlowRule = (view) =>
  [...usesOfSteps(view), ...usesOfWebhooks(view)].flatMap((use) => [...unknown(view, use), ...wrongType(view, use)])

function usesOfSteps(view: FlowView): readonly CredentialUse[] {
  return view.spec.steps.flatMap((step, at) => {
    // On a built-in it is the field itself that is wrong.
    if (step.credential === undefined || isBuiltIn(step)) return []
    const reference = componentOf(step)
    const functions = (reference && view.contracts.find(reference, view.namespace)?.functions) ?? {}
    const called =
      step.function !== undefined && Object.hasOwn(functions, step.function) ? functions[step.function] : undefined
    const path = ['spec', 'steps', at, 'credential']
    return [{ name: step.credential, path, types: called?.credentialTypes, user: quoted(step.function ?? step.name) }]
  })
}

const typeOfAuth: Readonly<Record<Exclude<keyof WebhookAuth, 'none'>, CredentialType>> = {
  hmac: 'hmac',
  jwt: 'jwks',
  basic: 'basic',
  apiKey: 'apiKey',
  mtls: 'mtls',
}

function usesOfWebhooks({ spec }: FlowView): readonly CredentialUse[] {
  return spec.triggers.flatMap(({ webhook }, at) =>
    (['hmac', 'jwt', 'basic', 'apiKey', 'mtls'] as const).flatMap((kind) => {
      const name = webhook?.auth[kind]?.credential
      const path = ['spec', 'triggers', at, 'webhook', 'auth', kind, 'credential']
      return name === undefined ? [] : [{ name, path, types: [typeOfAuth[kind]], user: `"auth.${kind}"` }]
    }),
  )
}

function unknown({ known, namespace }: FlowView, { name, path }: CredentialUse): readonly Draft[] {
  if (known.has('Credential', namespace, name) || known.isGiven(name)) return []
  const hint = suggestion(name, known.names('Credential', namespace))
  return [
    { code: 'UnknownCredential', path, message: `no Credential is named ${quoted(name)} in the given files${hint}` },
  ]
}

function wrongType({ known, namespace }: FlowView, { name, path, types, user }: CredentialUse): readonly Draft[] {
  const type = known.credential(namespace, name)?.spec.type
  if (type === undefined || types === undefined || types.length === 0 || types.includes(type)) return []
  const message = `${user} takes a credential of type ${listed(types)}, and ${quoted(name)} is of type ${type}`
  return [{ code: 'CredentialType', path, message }]
}

/** What a flow and the credentials that it names must agree on. */
export const credentialRules: readonly FlowRule[] = [credentials]
