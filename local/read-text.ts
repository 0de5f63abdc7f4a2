import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

/** Larger texts are not read: no manifest, message or source is as large. */
export const mostTextBytes = 32 * 1024 * 1024

/**
 * A file's text, decoded as UTF-8; undefined when it is larger than `mostTextBytes`. Pipes and devices are read, too, up to the bound.
 *
 * @throws {Error} of the file system
 */
export async function readFileText(file: string): Promise<string | undefined> {
  const found = await stat(file)
  if (!found.isFile() || found.size === 0) return readStreamText(createReadStream(file))
  return found.size > mostTextBytes ? undefined : decoded(await readFile(file))
}

/** What comes until the end; undefined, and the stream ended, when it is more than `mostTextBytes`. */
export async function readStreamText(stream: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > mostTextBytes) return undefined
    chunks.push(chunk)
  }
  return decoded(Buffer.concat(chunks))
}

/** Without the byte order mark that some editors put first. */
function decoded(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\uFEFF/, '')
}
