import { resolve } from 'node:path'
import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { ComponentContract, Dialect, FunctionContract } from '../../flow/component/component-contract.ts'
import { suggestion } from '../../flow/finding/suggest.ts'
import { openLocalHost } from '../../local/local-host.ts'
import { secretValues } from '../../runtime/secret-values.ts'
import type { MaskSecrets } from '../../runtime/runner/host/mask-secrets.ts'
import { maskSecrets } from '../../runtime/runner/host/mask-secrets.ts'
import type { CallTarget } from '../component/call-once.ts'
import { callOnce } from '../component/call-once.ts'
import { readComponent } from '../component/read-component.ts'
import { openLog } from '../log.ts'
import { readJsonOption, readObjectOption } from '../read-value.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext, Interrupts } from './context.ts'

export interface ComponentCallOptions {
  readonly message: readonly string[]
  readonly config?: string
  readonly credential?: string
  readonly snapshot?: string
  readonly env: ReadonlyMap<string, string>
  readonly dialect: Dialect | 'auto'
  readonly timeout: number
}

/** Calls a function once per message, in one process and in order; prints every emit. Exit code 1 when a message was not acknowledged. */
export async function componentCallCommand(
  context: CommandContext,
  directory: string,
  name: string,
  options: ComponentCallOptions,
): Promise<number> {
  const contract = await readComponent(context, directory)
  if (contract === undefined) return 2
  const called = functionOf(contract, name)
  const input = await readInput(options, context.terminal)
  const interrupts = context.takeInterrupts()
  const host = openHost(context, input.mask)
  const stop = (): void => void host.close(0)
  interrupts.stopped.addEventListener('abort', stop, { once: true })
  try {
    const target = {
      host,
      contract,
      function: called,
      directory: resolve(directory),
      dialect: options.dialect === 'auto' ? contract.dialect : options.dialect,
      config: input.config,
      env: Object.fromEntries(options.env),
      timeoutMs: options.timeout * 1000,
      signal: interrupts.interrupted,
      print: printer(context.terminal, input.mask),
    }
    return await callAll(target, input, interrupts)
  } finally {
    await host.close(0)
  }
}

function functionOf(contract: ComponentContract, name: string): FunctionContract {
  const found = Object.hasOwn(contract.functions, name) ? contract.functions[name] : undefined
  if (found !== undefined) return found
  const hint = suggestion(name, Object.keys(contract.functions))
  throw new UsageError(`component "${contract.name}" has no function "${name}"${hint}`)
}

interface Input {
  readonly messages: readonly Json[]
  readonly config: JsonObject
  readonly snapshot: Json
  readonly mask: MaskSecrets
}

async function readInput(options: ComponentCallOptions, terminal: Terminal): Promise<Input> {
  const object = (option: string, text = '{}'): Promise<JsonObject> => readObjectOption({ option, text }, terminal)
  const credential = await object('--credential', options.credential)
  const config = { ...(await object('--config', options.config)), ...credential }
  const snapshot = await readJsonOption({ option: '--snapshot', text: options.snapshot ?? '{}' }, terminal)
  const texts = options.message.length === 0 ? ['{}'] : options.message
  const messages: Json[] = []
  // One after another: at most one is standard input.
  for (const text of texts) messages.push(await readJsonOption({ option: '--message', text }, terminal))
  return { messages, config, snapshot, mask: maskSecrets(secretValues(credential)) }
}

function openHost({ terminal, logLevel, environment }: CommandContext, mask: MaskSecrets): CallTarget['host'] {
  const { err } = terminal
  const log = openLog(logLevel, { style: err.style, write: (text) => err.write(mask(text)) })
  return openLocalHost({ log, environment })
}

/** What a component emits is its own affair; what went wrong may quote what it was told in confidence. */
function printer({ out }: Terminal, mask: MaskSecrets): CallTarget['print'] {
  return (line) => {
    const text = JSON.stringify(line)
    const isOwn = line['event'] !== 'error' && line['event'] !== 'settled'
    out.write(`${isOwn ? text : mask(text)}\n`)
  }
}

async function callAll(target: CallTarget, input: Input, { interrupted }: Interrupts): Promise<number> {
  let exitCode = 0
  let { snapshot } = input
  // In order, and each to its end: the messages share one process, as they would in a flow.
  for (const message of input.messages) {
    const called = await callOnce(target, { message, snapshot })
    snapshot = called.snapshot
    if (!called.isAcknowledged) exitCode = 1
    if (interrupted.aborted) return 130
  }
  return exitCode
}
