// A runner to be killed: prints the process ids that must not outlive it.
import { dataOf, openTestHost } from './component-calls.ts'

const how = process.argv[2]
const test = openTestHost()
const calls = {
  waits: { main: 'pid.js', data: {} },
  blocks: { main: 'pid.js', data: { block: true } },
  spawns: { main: 'spawns.js', data: {} },
}
const fixture = calls[how as keyof typeof calls]

await test.call({
  component: 'tricky',
  ...fixture,
  timeoutMs: 60_000,
  onEmit: async (emit) => {
    if (emit.kind !== 'data') return
    const { pid, own } = dataOf({
      emits: [{ kind: 'data', value: JSON.parse(emit.message.toString('utf8')) }],
    }) as { pid: number; own?: number }
    // A turn later, so that a component that blocks after its emit does so by then.
    setTimeout(() => console.log(JSON.stringify(own === undefined ? [pid] : [pid, own])), 50)
  },
})
