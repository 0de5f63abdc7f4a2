import { writeFile } from 'node:fs/promises'
import { bundlePath, bundleShim } from './bundle-shim.ts'

await writeFile(bundlePath, await bundleShim())
