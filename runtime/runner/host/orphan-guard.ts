import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'

/**
 * Kills component processes that outlive the runner. They end by themselves when their socket closes; one that is blocked
 * for ever never hears of it, and a SIGKILL leaves the runner no time to tell.
 */
export interface OrphanGuard {
  readonly add: (pid: number) => void
  readonly remove: (pid: number) => void
  /** Safe to repeat. */
  readonly close: () => Promise<void>
}

/** Reads process group ids from its standard input, and kills those that are left when it ends. One shell, about 1 MB. */
const guardScript = `
groups=
while read -r verb group; do
  case $verb in
    add) groups="$groups $group" ;;
    remove)
      left=
      for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done
      groups=$left ;;
  esac
done
for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done
`

export function openOrphanGuard(): OrphanGuard {
  let shell: ChildProcess | undefined
  const tell = (line: string): void => {
    shell ??= startShell()
    if (shell.stdin?.writable === true) shell.stdin.write(line)
  }
  return {
    add: (pid) => tell(`add ${pid}\n`),
    remove: (pid) => tell(`remove ${pid}\n`),
    close: async () => {
      const ending = shell
      shell = undefined
      if (ending?.pid === undefined || hasEnded(ending)) return
      ending.ref()
      await new Promise<void>((resolve) => {
        ending.once('exit', () => resolve())
        ending.stdin?.end()
      })
    },
  }
}

/** By itself or by a signal: a Ctrl-C may reach it before it has a session of its own. */
function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', guardScript], { env: {}, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  // Without a shell the closing socket still ends every child that is not blocked.
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  // It must not keep the runner alive.
  shell.unref()
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return shell
}
