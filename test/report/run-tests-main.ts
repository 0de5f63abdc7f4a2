import { startVitest } from 'vitest/node'
import { skippedLines, summaryLine } from './summarise.ts'

/** Runs every test (or those that the words name) and ends with one line: `N passed, N failed, N skipped`. */
const words = process.argv.slice(2)
const vitest = await startVitest('test', words, { watch: false, reporters: ['default'] })
const modules = vitest.state.getTestModules()
const errors = vitest.state.getUnhandledErrors()
await vitest.close()

const lines = skippedLines(modules)
if (lines.length > 0) process.stdout.write(`\nskipped:\n${lines.map((line) => `  ${line}\n`).join('')}`)
process.stdout.write(`\n${summaryLine(modules, errors.length)}\n`)
process.exitCode = modules.every((module) => module.ok()) && errors.length === 0 ? 0 : 1
