const prefixBytes = 4

/** Where the payload of an encoded body begins; undefined when the bytes are not of that form: replies, observations, rubbish. */
export function payloadStart(body: Buffer): number | undefined {
  if (body.length < prefixBytes) return undefined
  const start = prefixBytes + body.readUInt32BE(0)
  return start <= body.length ? start : undefined
}
