const newline = 10

/** Splits bytes into lines of UTF-8; what stands behind the last newline is dropped, since it was cut off. */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Buffer[] = []
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
      parts.push(bytes.subarray(from, at))
      from = at + 1
      // A character may lie across two chunks: joined first, read afterwards.
      const line = Buffer.concat(parts).toString('utf8')
      parts = []
      if (line !== '') yield line
    }
    if (from < bytes.length) parts.push(bytes.subarray(from))
  }
}
