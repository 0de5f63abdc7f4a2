import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../store/memory-store.ts'
import { openSnapshotSession } from './snapshot-session.ts'

const owner = { flow: 'f', step: 's', component: 'Component/c', function: 'poll' }

describe('a snapshot session', () => {
  it('keeps the ids of the last 256 messages that it settled, the oldest going first', async () => {
    const { snapshots } = openMemoryStore()
    const session = openSnapshotSession(snapshots, 'q', owner)
    for (let at = 0; at < 300; at += 1) expect(await session.settle(`m${at}`, [])).toBe('written')
    const { settled } = await session.state()
    expect(settled).toHaveLength(256)
    expect([settled[0], settled.at(-1)]).toEqual(['m44', 'm299'])
    expect((await snapshots.read('q'))?.settled).toEqual(settled)
  })

  it('takes over under a new epoch at its first use, and from then on who had it before gets a conflict', async () => {
    const { snapshots } = openMemoryStore()
    const [first, second] = [openSnapshotSession(snapshots, 'q', owner), openSnapshotSession(snapshots, 'q', owner)]
    await first.settle('m1', [{ kind: 'replace', value: { n: 1 } }])
    expect((await second.state()).value).toEqual({ n: 1 })
    expect(await first.settle('m2', [{ kind: 'replace', value: { n: 2 } }])).toBe('conflict')
    expect(await first.checkpoint([{ kind: 'merge', value: { n: 3 } }])).toBe('conflict')
    expect(await second.checkpoint([{ kind: 'merge', value: { half: true } }])).toBe('written')
    expect((await snapshots.read('q'))?.value).toEqual({ n: 1, half: true })
    expect((await snapshots.read('q'))?.settled).toEqual(['m1'])
  })
})
