import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bundlePath, bundleShim } from './bundle-shim.ts'

it('the bundle is that of the files beside it (else run: node runtime/shim/generate-main.ts)', async () => {
  expect(readFileSync(bundlePath, 'utf8')).toBe(await bundleShim())
})
