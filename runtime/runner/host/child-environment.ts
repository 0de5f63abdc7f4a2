import { basename } from 'node:path'
import type { Call } from '../component-host.ts'

/** Of the runner's own environment, what component code may see: where programs and certificates are, and the way out. */
const inheritedNames = new Set([
  ...'PATH HOME TMPDIR TZ LANG LC_ALL LC_CTYPE NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR'.split(' '),
  ...'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy'.split(' '),
])

/** Resolves nowhere, by RFC 2606: a component that calls the platform it was made for fails, and reaches nobody. */
const nowhere = 'weir.invalid'

/** A child's whole environment: the harmless part of the runner's, the contract's ELASTICIO_*, then the component's own. */
export function childEnvironment(
  runnerEnvironment: Readonly<Record<string, string | undefined>>,
  call: Call,
): Record<string, string> {
  return { ...inherited(runnerEnvironment), LOG_LEVEL: 'info', ...contractVariables(call), ...call.child.env }
}

function inherited(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries.filter(([name]) => inheritedNames.has(name)))
}

function contractVariables(call: Call): Record<string, string> {
  const variables = { ...place(call), ...platform }
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`ELASTICIO_${name}`, value]))
}

/** Where the child runs. One that serves many steps is nowhere in particular. */
function place({ child, context, function: { name } }: Call): Record<string, string> {
  const isShared = child.isolation === 'shared'
  const flow = isShared ? 'shared' : context.flow
  return {
    FLOW_ID: flow,
    // The oldest runtimes knew the flow by this name.
    TASK_ID: flow,
    STEP_ID: isShared ? 'shared' : context.step,
    EXEC_ID: isShared ? 'shared' : context.run,
    FUNCTION: isShared ? 'shared' : name,
    COMP_ID: basename(child.directory),
    WORKSPACE_ID: context.namespace,
    CONTAINER_ID: 'weir',
    USER_ID: 'weir',
  }
}

/** What the vendors' libraries refuse to load without, when a component requires one itself. */
const platform: Readonly<Record<string, string>> = {
  API_URI: `http://${nowhere}`,
  API_USERNAME: 'weir',
  API_KEY: 'none',
  AMQP_URI: `amqp://${nowhere}`,
  LISTEN_MESSAGES_ON: 'none',
  PUBLISH_MESSAGES_TO: 'none',
  BACKCHANNEL_EXCHANGE: 'none',
  NODE_EXCHANGE: 'none',
  DATA_ROUTING_KEY: 'none',
  OUTPUT_ROUTING_KEY: 'none',
  ERROR_ROUTING_KEY: 'none',
  REBOUND_ROUTING_KEY: 'none',
  SNAPSHOT_ROUTING_KEY: 'none',
  MESSAGE_CRYPTO_PASSWORD: 'none',
  // Sixteen bytes, or the cipher refuses it.
  MESSAGE_CRYPTO_IV: 'none-none-none-0',
}
