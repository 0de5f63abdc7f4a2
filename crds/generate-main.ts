import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateFiles } from './generator/generate-files.ts'

const folder = dirname(fileURLToPath(import.meta.url))

mkdirSync(join(folder, 'generated'), { recursive: true })
for (const [name, text] of generateFiles()) writeFileSync(join(folder, 'generated', name), text)
