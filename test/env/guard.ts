import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

/**
 * Reads directories, a line each, until this process is gone, however that happened. Then ends the process groups whose leaders they name in `*.pid`,
 * and removes them. Runs in a group of its own: Ctrl-C is not for it.
 */
const script = `
while IFS= read -r directory; do set -- "$@" "$directory"; done
for directory in "$@"; do
  for file in "$directory"/*.pid; do [ ! -s "$file" ] || kill -9 "-$(cat "$file")" 2>/dev/null; done
done
[ $# -eq 0 ] || { sleep 0.2; rm -rf "$@"; }
`

let guard: ChildProcess & { readonly stdin: Writable }

/** A new directory that outlives this process by no more than a moment, with all servers that put their process ids there. */
export async function openGuardedDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `weir-${name}-`))
  guard ??= openGuard()
  await new Promise<void>((resolve, reject) => {
    guard.stdin.write(`${directory}\n`, (error) => (error ? reject(error) : resolve()))
  })
  return directory
}

/** Its servers have ended. */
export async function removeGuardedDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

function openGuard(): ChildProcess & { readonly stdin: Writable } {
  const child = spawn('sh', ['-c', script, 'guard'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  // A pipe is a socket to Node; the type does not say so.
  const stdin = child.stdin as Writable & { readonly unref: () => void }
  stdin.unref()
  return child
}
