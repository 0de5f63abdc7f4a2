import { expect, it } from 'vitest'
import type { Json, JsonObject } from '../../crds/v1alpha1/meta.ts'
import { editedMessage } from './edited-message.ts'

const before = { data: { id: 7 }, metadata: { a: 1 }, attachments: {}, headers: { x: 'y' } }

it.each<{ name: string; given: Json; want: Json; from?: JsonObject }>([
  { name: 'other data', given: { id: 8 }, want: { ...before, data: { id: 8 } } },
  { name: 'data that is no object', given: [1], want: { ...before, data: [1] } },
  { name: 'parts of a message', given: { data: null, metadata: {} }, want: { ...before, data: null, metadata: {} } },
  { name: 'one part of it', given: { metadata: { b: 2 } }, want: { ...before, metadata: { b: 2 } } },
  { name: 'data where there was no message', given: 'x', from: {}, want: { data: 'x', metadata: {}, attachments: {} } },
])('a message can be given $name', ({ given, want, from = before }) => {
  expect(editedMessage(from, given)).toEqual(want)
})
