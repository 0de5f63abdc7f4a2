import { describe, it } from 'vitest'
import { findNode } from '../../env/node-versions.ts'
import { describeContract } from './describe-contract.ts'

for (const major of [8, 12]) {
  const node = await findNode(major)
  const name = `the component contract on Node ${major}`
  if (node.kind === 'found') describeContract(`${name} (${node.version})`, { nodePath: node.path, major })
  else describe.skip(name, () => it(`skipped: ${node.reason}`, () => {}))
}
