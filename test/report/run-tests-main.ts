import { startVitest, type CliOptions, type TestModule } from 'vitest/node'
import { hasFailed, hasPassed, summaryLine, summaryLists, type Outcome } from './summarise.ts'

/** Whose tests wait for processes and servers, so that another test's load can make them fail. */
const ofProcesses = ['system', 'servers', 'kube-api', 'operator', 'cluster']
/** More than these are no accident. */
const mostAgain = 6

/**
 * Runs every test (or those that the words name) and ends with one line: `N passed, N failed, N skipped`.
 *
 * A few files of tests with real processes that failed are run once more, one after the other, with nothing else at work; what passes then is counted
 * as passed and listed with what it had failed by. Tests within one process have no second try.
 */
const all = await runTests(process.argv.slice(2))
const failed = all.modules.filter(hasFailed)
const isWorthAnother =
  failed.length > 0 && failed.length <= mostAgain && failed.every(({ project }) => ofProcesses.includes(project.name))
const outcome = isWorthAnother && all.otherFailures === 0 ? await runAgain(all) : all

process.stdout.write(`${summaryLists(outcome)}\n${summaryLine(outcome)}\n`)
process.exitCode = outcome.modules.some(hasFailed) || outcome.otherFailures > 0 ? 1 : 0

async function runTests(words: readonly string[], options: CliOptions = {}): Promise<Outcome> {
  process.exitCode = undefined
  const vitest = await startVitest('test', [...words], { watch: false, reporters: ['default'], ...options })
  const modules = vitest.state.getTestModules()
  const errors = vitest.state.getUnhandledErrors()
  const isFine = !modules.some(hasFailed) && errors.length === 0
  // A set-up that failed leaves no trace but this: none of its tests is there to be counted.
  const hasFailedOtherwise = isFine && process.exitCode !== undefined && process.exitCode !== 0
  await vitest.close()
  return { modules, before: [], otherFailures: errors.length + (hasFailedOtherwise ? 1 : 0) }
}

async function runAgain(first: Outcome): Promise<Outcome> {
  const failed = first.modules.filter(hasFailed)
  const files = failed.map(({ moduleId }) => moduleId)
  process.stdout.write(`\nonce more, by themselves:\n${files.map((file) => `  ${file}\n`).join('')}`)
  const second = await runTests(files, { maxWorkers: 1, project: failed.map(({ project }) => project.name) })
  // One that skips everything now has not been tried.
  const tried = second.modules.filter((module) => hasFailed(module) || hasPassed(module))
  const isTried = (module: TestModule): boolean => tried.some(({ moduleId }) => moduleId === module.moduleId)
  const passed = tried.filter((module) => !hasFailed(module)).map(({ moduleId }) => moduleId)
  return {
    modules: [...first.modules.filter((module) => !isTried(module)), ...tried],
    before: failed.filter(({ moduleId }) => passed.includes(moduleId)),
    otherFailures: second.otherFailures,
  }
}
