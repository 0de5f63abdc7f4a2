import { Option, type Command } from 'commander'

/** `-n`, `--context`, `--kubeconfig`, of every command that looks at a cluster. */
export function withClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', "the namespace; by default the context's")
    .option('--context <name>', 'the context of the kubeconfig; by default its current one')
    .option('--kubeconfig <file>', 'the kubeconfig; by default KUBECONFIG, else ~/.kube/config')
}

/** The same, with what narrows or widens a list. */
export function withListOptions(command: Command): Command {
  return withClusterOptions(command)
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-l, --selector <labels>', 'with these labels, as app=shop,tier!=test')
}

/** `--dry-run=server` of commands that write to the cluster. */
export function dryRunOption(): Option {
  return new Option('--dry-run <where>', 'server: let the cluster judge it, and change nothing').choices([
    'none',
    'server',
  ])
}
