import type { Command } from 'commander'
import { withClusterOptions } from './cluster-options.ts'

/** `--store` and `--state`, of every command that looks at what flows have left. */
export function withStore(command: Command): Command {
  return withClusterOptions(command)
    .option('--store <URL>', 'the store, as mongodb://HOST/DATABASE; by default WEIR_STORE')
    .option('--state <dir>', 'the state of a local run, in place of servers')
}

/** The same, with the queues. */
export function withServers(command: Command): Command {
  return withStore(command).option('--broker <URL>', 'the broker, as amqp://HOST/VHOST; by default WEIR_BROKER')
}
