import { describe, expect, it } from 'vitest'
import { queueName } from '../../../../flow/plan/queue-name.ts'
import { deadLetterOf } from '../../../recorder/dead-letter-of.ts'
import { encodeBody } from '../../../wire/body.ts'
import { decodeHeaders, encodeHeaders } from './message-headers.ts'
import { malformedMessage } from './malformed-message.ts'

const nowMs = Date.parse('2030-01-02T03:04:05.000Z')
const queue = queueName({ flowUid: 'uid-1', step: 'check', hash: '0123456789ab', revision: 4 })

describe('malformedMessage', () => {
  it.each([
    { name: 'an empty body', body: Buffer.alloc(0) },
    { name: 'the JSON of somebody else', body: Buffer.from('{"order": 17}') },
    { name: 'a length without what it counts', body: Buffer.from([0, 0, 0, 200, 1]) },
    { name: 'a carried value of another form', body: Buffer.from('\0\0\0\u0004null') },
  ])('is a dead letter the recorder keeps, with $name as it stands', ({ body }) => {
    const message = malformedMessage({ queue, messageId: 'm1', body, reason: 'it has no header `weir`', nowMs })
    expect(message).toMatchObject({ id: 'm1', headers: { flow: 'uid-1', at: 'check' } })
    expect(message.body).toEqual(body)
    const letter = deadLetterOf(message, { namespace: 'shop', nowMs })
    expect(letter).toMatchObject({ code: 'MalformedMessage', flow: 'uid-1', step: 'check', diedAt: nowMs })
  })

  it('says why it died where the body is of a message’s form, and leaves the payload', () => {
    const payload = Buffer.from('{"data":1}')
    const body = encodeBody({ trigger: { name: 'hook' } }, payload)
    const message = malformedMessage({ queue, messageId: '', body, reason: 'its header `weir` is not JSON', nowMs })
    const letter = deadLetterOf(message, { namespace: 'shop', nowMs })
    expect(letter).toMatchObject({
      code: 'MalformedMessage',
      message: 'the message cannot be read: its header `weir` is not JSON',
      step: 'check',
    })
    expect(message.body.subarray(-payload.length)).toEqual(payload)
  })

  it('has headers that can be read, and the same id for the same content', () => {
    const [first, second, other] = ['a', 'a', 'b'].map((text) =>
      malformedMessage({ queue: 'stray', messageId: '', body: Buffer.from(text), reason: '', nowMs }),
    )
    expect(first?.id).toMatch(/^[0-9a-f]{32}$/)
    expect(second?.id).toBe(first?.id)
    expect(other?.id).not.toBe(first?.id)
    expect(decodeHeaders(encodeHeaders(first!.headers)).kind).toBe('headers')
    expect(first?.headers).toMatchObject({ flow: '', at: 'stray' })
  })
})
