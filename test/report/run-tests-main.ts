import { startVitest } from 'vitest/node'
import { skippedLines, summaryLine } from './summarise.ts'

/** Runs every test (or those that the words name) and ends with one line: `N passed, N failed, N skipped`. */
const words = process.argv.slice(2)
const vitest = await startVitest('test', words, { watch: false, reporters: ['default'] })
const modules = vitest.state.getTestModules()
const errors = vitest.state.getUnhandledErrors()
const isFine = modules.every((module) => module.ok()) && errors.length === 0
// A set-up that failed leaves no trace but this: none of its tests is there to be counted.
const hasFailedOtherwise = isFine && process.exitCode !== undefined && process.exitCode !== 0
await vitest.close()

const lines = skippedLines(modules)
if (lines.length > 0) process.stdout.write(`\nskipped:\n${lines.map((line) => `  ${line}\n`).join('')}`)
process.stdout.write(`\n${summaryLine(modules, errors.length + (hasFailedOtherwise ? 1 : 0))}\n`)
process.exitCode = isFine && !hasFailedOtherwise ? 0 : 1
