import { PermanentError } from '../../../error.ts'
import type { Publication } from '../amqp-link.ts'
import { frameEnd, frameHeadBytes, frameOverheadBytes, frameType } from './frame-parser.ts'
import { method } from './method.ts'
import { append, reserve, type Outbox } from './outbox.ts'
import { request, shortText, u16, u8 } from './request.ts'

/** The one header that is sent. */
export const weirHeader = 'weir'

/** Where the numbers stand that differ between messages, counted from the start of the content header's frame. */
const place = { frameLength: 3, bodyLength: 11, tableLength: 21 } as const
const namedHeader = Buffer.concat([shortText(weirHeader), Buffer.from('S')])
/** Headers, delivery mode, correlation id, message id: in this order they follow. */
const propertyFlags = 0x2000 | 0x1000 | 0x0400 | 0x0080
const persistent = 2
const mandatory = 1
/** A character of JavaScript is at most so many bytes of UTF-8. */
const bytesPerCharacter = 3
const longestShortText = 255
/** Up to here copying a body beside its headers is cheaper than one more piece of a write. */
const copiedBodyBytes = 16 * 1024
/** Routes are a few for each step; this bounds what a stray caller could leave. */
const keptRoutes = 4096

/** What every publish to a route begins with: its method's frame, and the content header up to the header's text. */
interface Route {
  readonly bytes: Buffer
  readonly headerAt: number
}

export interface PublishEncoder {
  /**
   * Puts all frames of a publish into the outbox, or none.
   *
   * @throws {PermanentError} `HeadersTooLarge`
   */
  readonly put: (publication: Publication) => void
}

/** @param frameMax the longest frame that the server takes, overhead included */
export function publishEncoder(outbox: Outbox, channel: number, frameMax: number): PublishEncoder {
  const routes = new Map<string, Map<string, Route>>()
  let kept = 0
  const routeTo = (exchange: string, routingKey: string): Route => {
    const known = routes.get(exchange)?.get(routingKey)
    if (known !== undefined) return known
    if (kept >= keptRoutes) routes.clear()
    kept = kept >= keptRoutes ? 1 : kept + 1
    const route = toRoute(channel, exchange, routingKey)
    const ofExchange = routes.get(exchange) ?? new Map<string, Route>()
    routes.set(exchange, ofExchange.set(routingKey, route))
    return route
  }
  return {
    put: (publication) => {
      const { body } = publication
      const isCopied = body.length <= copiedBodyBytes && body.length <= frameMax - frameOverheadBytes
      const route = routeTo(publication.exchange, publication.routingKey)
      const roomForBody = isCopied ? body.length + frameOverheadBytes : 0
      const texts = publication.headers.length + publication.messageId.length + publication.correlationId.length
      reserve(outbox, route.bytes.length + bytesPerCharacter * texts + 2 * frameOverheadBytes + roomForBody)
      const at = putHeader(outbox, route, { publication, frameMax })
      if (isCopied) outbox.at = putBody(outbox.slab, at, { channel, body })
      else {
        outbox.at = at
        appendBody(outbox, body, { channel, longest: frameMax - frameOverheadBytes })
      }
    },
  }
}

function toRoute(channel: number, exchange: string, routingKey: string): Route {
  const ticket = u16(0)
  const names = [shortText(exchange), shortText(routingKey)]
  const publish = request(channel, method.basicPublish, ticket, ...names, u8(mandatory))
  const header = Buffer.alloc(place.tableLength + 4)
  header[0] = frameType.header
  header.writeUInt16BE(channel, 1)
  header.writeUInt16BE(method.basicPublish >>> 16, frameHeadBytes)
  header.writeUInt16BE(propertyFlags, place.tableLength - 2)
  return { bytes: Buffer.concat([publish, header, namedHeader, Buffer.alloc(4)]), headerAt: publish.length }
}

/** Gives where the body's frames begin. The outbox stays as it was, in case the text turns out too long. */
function putHeader(outbox: Outbox, route: Route, given: { publication: Publication; frameMax: number }): number {
  const { slab, at: start } = outbox
  const { headers, correlationId, messageId, body } = given.publication
  slab.set(route.bytes, start)
  const headerAt = start + route.headerAt
  const textAt = start + route.bytes.length
  const textLength = slab.write(headers, textAt)
  let at = textAt + textLength
  slab[at] = persistent
  at = putShortText(slab, at + 1, correlationId)
  at = putShortText(slab, at, messageId)
  slab[at] = frameEnd
  const frameLength = at + 1 - headerAt
  if (frameLength > given.frameMax) {
    throw new PermanentError('HeadersTooLarge', `headers of ${textLength} bytes; the server takes ${given.frameMax}`)
  }
  slab.writeUInt32BE(frameLength - frameOverheadBytes, headerAt + place.frameLength)
  slab.writeUInt32BE(Math.floor(body.length / 2 ** 32), headerAt + place.bodyLength)
  slab.writeUInt32BE(body.length % 2 ** 32, headerAt + place.bodyLength + 4)
  slab.writeUInt32BE(namedHeader.length + 4 + textLength, headerAt + place.tableLength)
  slab.writeUInt32BE(textLength, textAt - 4)
  return at + 1
}

function putShortText(slab: Buffer, at: number, text: string): number {
  const length = slab.write(text, at + 1)
  if (length > longestShortText)
    throw new PermanentError('HeadersTooLarge', `an id of ${length} bytes; 255 are allowed`)
  slab[at] = length
  return at + 1 + length
}

/** An empty body has no frame. Gives where it ends. */
function putBody(slab: Buffer, at: number, { channel, body }: { channel: number; body: Buffer }): number {
  if (body.length === 0) return at
  putBodyHead(slab, at, { channel, length: body.length })
  slab.set(body, at + frameHeadBytes)
  const end = at + frameHeadBytes + body.length
  slab[end] = frameEnd
  return end + 1
}

function appendBody(outbox: Outbox, body: Buffer, { channel, longest }: { channel: number; longest: number }): void {
  for (let from = 0; from < body.length; from += longest) {
    const part = body.subarray(from, from + longest)
    reserve(outbox, frameOverheadBytes)
    putBodyHead(outbox.slab, outbox.at, { channel, length: part.length })
    outbox.at += frameHeadBytes
    append(outbox, part)
    reserve(outbox, 1)
    outbox.slab[outbox.at] = frameEnd
    outbox.at += 1
  }
}

function putBodyHead(slab: Buffer, at: number, { channel, length }: { channel: number; length: number }): void {
  slab[at] = frameType.body
  slab.writeUInt16BE(channel, at + 1)
  slab.writeUInt32BE(length, at + 3)
}
