import { createServer } from 'node:net'

const lowestPort = 15_000
/** Below what Linux gives to outgoing connections: a port that is free while its server is stopped must stay free. */
const highestPort = 32_000

/** Ports of the loopback that nobody listens on, all different. On Linux no other process is given them by this function as long as this one lives. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort))
    if ((await isOurs(port)) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

/** By a name that lives in the kernel, and goes with this process however that ends. Elsewhere than on Linux there are no such names. */
async function isOurs(port: number): Promise<boolean> {
  return process.platform !== 'linux' || canListen({ path: `\0weir-test-port-${port}` }, 'hold')
}

function isFree(port: number): Promise<boolean> {
  return canListen({ port, host: '127.0.0.1' }, 'release')
}

function canListen(
  where: { readonly path: string } | { readonly port: number; readonly host: string },
  then: 'hold' | 'release',
): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(where, () => {
      if (then === 'release') server.close(() => resolve(true))
      else resolve(server.unref() === server)
    })
  })
}
