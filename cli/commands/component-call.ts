import { basename, resolve } from 'node:path'
import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ComponentContract, Dialect, FunctionContract } from '../../flow/component/component-contract.ts'
import { loadComponents } from '../../local/local-components.ts'
import { hasErrors } from '../../local/load-project.ts'
import { noManifests } from '../../local/no-manifests.ts'
import type { ComponentFailure, ComponentHost, Emit } from '../../runtime/runner/component-host.ts'
import { openLocalHost } from '../../local/local-host.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { printFindings } from '../format-findings.ts'
import { openLog } from '../log.ts'
import { readJsonOption, readObjectOption } from '../read-value.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

export interface ComponentCallOptions {
  readonly message: readonly string[]
  readonly config?: string
  readonly credential?: string
  readonly snapshot?: string
  readonly env: ReadonlyMap<string, string>
  readonly dialect?: Dialect
  readonly timeout: number
}

interface CallInput {
  readonly directory: string
  readonly contract: ComponentContract
  readonly function: FunctionContract
  readonly config: JsonObject
  readonly snapshot: Json
  readonly options: ComponentCallOptions
}

/** Calls a function once per message, one process, in order; prints every emit. Exit code 1 when a message was not acknowledged. */
export async function componentCallCommand(
  context: CommandContext,
  directory: string,
  name: string,
  options: ComponentCallOptions,
): Promise<number> {
  const { terminal, logLevel } = context
  const contract = await contractAt(context, directory)
  const config = {
    ...(await optional('--config', options.config)),
    ...(await optional('--credential', options.credential)),
  }
  const input: CallInput = {
    directory: resolve(directory),
    contract,
    function: functionOf(contract, name),
    config,
    snapshot: options.snapshot === undefined ? {} : await readJsonOption('--snapshot', options.snapshot),
    options,
  }
  const messages = await Promise.all(
    (options.message.length === 0 ? ['{}'] : options.message).map((text) => readJsonOption('--message', text)),
  )
  const host = openLocalHost({ log: openLog(logLevel, terminal, terminal.err), environment: context.environment })
  const abort = (): void => void host.close(0)
  context.interrupted.addEventListener('abort', abort, { once: true })
  try {
    let exitCode = 0
    let { snapshot } = input
    // In order, and each to its end: the messages share one process, as they would in a flow.
    for (const message of messages) {
      const called = await callOnce(host, { ...input, snapshot }, message, terminal.out)
      snapshot = called.snapshot
      if (!called.isAcknowledged) exitCode = 1
    }
    return exitCode
  } finally {
    await host.close(1000)
  }
}

async function contractAt({ terminal, catalogue }: CommandContext, directory: string): Promise<ComponentContract> {
  const name = basename(resolve(directory))
  const { contracts, findings } = await loadComponents(noManifests, {
    directories: new Map([[name, directory]]),
    catalogue,
  })
  printFindings({ ...terminal, out: terminal.err }, findings, 'text')
  const contract = contracts.find({ kind: 'Component', name }, 'default')
  if (contract !== undefined && !hasErrors(findings)) return contract
  throw new UsageError(
    `${directory} is no component that can be called: it needs a component.json, or a .js file that exports process`,
  )
}

function functionOf(contract: ComponentContract, name: string): FunctionContract {
  const found = contract.functions[name]
  if (found !== undefined && Object.hasOwn(contract.functions, name)) return found
  throw new UsageError(
    `component "${contract.name}" has no function "${name}"; it has ${Object.keys(contract.functions).join(', ') || 'none'}`,
  )
}

function optional(option: string, text: string | undefined): Promise<JsonObject> {
  return text === undefined ? Promise.resolve({}) : readObjectOption(option, text)
}

async function callOnce(
  host: ComponentHost,
  input: CallInput,
  message: Json,
  print: (line: string) => void,
): Promise<{ isAcknowledged: boolean; snapshot: Json }> {
  const { contract, options } = input
  const failures: ComponentFailure[] = []
  let rebound: string | undefined
  let { snapshot } = input
  const id = freshId()
  const result = await host.call({
    child: {
      key: 'call',
      directory: input.directory,
      dialect: options.dialect ?? contract.dialect,
      isolation: contract.isolation,
      env: Object.fromEntries(options.env),
      concurrency: 1,
      labels: { component: contract.name, step: input.function.name },
    },
    function: input.function,
    message: Buffer.from(JSON.stringify(asMessage(message))),
    config: input.config,
    snapshot,
    context: {
      flow: 'component-call',
      namespace: 'default',
      step: input.function.name,
      run: id,
      messageId: id,
      attempt: 1,
    },
    timeoutMs: options.timeout * 1000,
    onEmit: async (emit) => {
      print(`${JSON.stringify(shownEmit(emit))}\n`)
      if (emit.kind === 'error') failures.push(emit.failure)
      if (emit.kind === 'rebound') rebound = emit.reason
      if (emit.kind === 'snapshot') snapshot = emit.value as Json
      if (emit.kind === 'updateSnapshot') snapshot = { ...(snapshot as JsonObject), ...emit.value }
    },
  })
  const failure = result.kind === 'died' ? result.failure : failures[0]
  print(`${JSON.stringify(settledLine(failure, rebound))}\n`)
  return { isAcknowledged: failure === undefined && rebound === undefined, snapshot }
}

/** A message as it stands, or its data alone. */
function asMessage(message: Json): JsonObject {
  const isObject = typeof message === 'object' && message !== null && !Array.isArray(message)
  const keys = isObject ? Object.keys(message) : []
  const isMessage = ['data', 'body', 'metadata', 'attachments'].some((key) => keys.includes(key))
  const whole: JsonObject = isMessage ? (message as JsonObject) : { data: message }
  return { metadata: {}, attachments: {}, ...whole }
}

function shownEmit(emit: Emit): JsonObject {
  switch (emit.kind) {
    case 'data':
      return { event: 'data', value: JSON.parse(emit.message.toString()) as Json }
    case 'error':
      return { event: 'error', value: { ...emit.failure } }
    case 'rebound':
      return { event: 'rebound', value: emit.reason }
    case 'snapshot':
    case 'updateSnapshot':
      return { event: emit.kind, value: emit.value as Json }
    case 'updateKeys':
      return { event: 'updateKeys', value: emit.keys }
    case 'httpReply':
      return { event: 'httpReply', value: emit.reply }
  }
}

function settledLine(failure: ComponentFailure | undefined, rebound: string | undefined): JsonObject {
  if (failure !== undefined) {
    const { code, message, permanent } = failure
    return { event: 'settled', as: permanent === true ? 'deadLetter' : 'retry', error: { code, message } }
  }
  return rebound === undefined
    ? { event: 'settled', as: 'ack' }
    : { event: 'settled', as: 'retry', error: { code: 'Rebound', message: rebound } }
}
