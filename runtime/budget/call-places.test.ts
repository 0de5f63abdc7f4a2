import { describe, expect, it } from 'vitest'
import { callPlaces } from './call-places.ts'

const never = new AbortController().signal

describe('places for calls', () => {
  it('are as many as a child works on at a time, and go on in order', async () => {
    const places = callPlaces()
    expect(places.enter('a', 2, never)).toBeUndefined()
    expect(places.enter('a', 2, never)).toBeUndefined()
    expect(places.enter('b', 2, never)).toBeUndefined()
    const order: number[] = []
    const third = places.enter('a', 2, never)?.then(() => order.push(3))
    const fourth = places.enter('a', 2, never)?.then(() => order.push(4))
    places.leave('a')
    await third
    expect(order).toEqual([3])
    places.leave('a')
    await fourth
    for (let nth = 0; nth < 2; nth += 1) places.leave('a')
    expect(places.enter('a', 1, never)).toBeUndefined()
  })

  it('are not kept by who has given up', async () => {
    const places = callPlaces()
    const leaving = new AbortController()
    expect(places.enter('a', 1, never)).toBeUndefined()
    const left = places.enter('a', 1, leaving.signal)
    const next = places.enter('a', 1, never)
    leaving.abort()
    expect(await left).toBe(false)
    expect(await places.enter('a', 1, leaving.signal)).toBe(false)
    places.leave('a')
    expect(await next).toBe(true)
  })
})
