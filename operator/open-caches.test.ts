import { expect, it } from 'vitest'
import { projectFlow } from './open-caches.ts'

it('keeps once what thousands of flows have alike, and each flow’s own', () => {
  const project = projectFlow()
  const flow = (name: string): object => {
    const metadata = { name, namespace: 'a', finalizers: ['weir.dev/flow'], annotations: { note: 'for others' } }
    return { metadata, spec: { steps: [name] } }
  }
  const [one, other] = ['one', 'other'].map((name) => project(JSON.parse(JSON.stringify(flow(name)))))
  expect(one).toMatchObject({ metadata: { name: 'one', namespace: 'a', finalizers: ['weir.dev/flow'] } })
  expect(one?.metadata).not.toHaveProperty('annotations')
  expect(other).toMatchObject({ metadata: { name: 'other' }, spec: { steps: ['other'] } })
  expect(other?.metadata.finalizers).toBe(one?.metadata.finalizers)
})
