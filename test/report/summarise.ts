import type { TestModule } from 'vitest/node'

/** Counts over all files. A file that could not be loaded, and an error outside of a test, count as failed. */
export function summaryLine(modules: readonly TestModule[], otherFailures: number): string {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
  const broken = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length
  const count = (state: string): number => states.filter((one) => one === state).length
  return `${count('passed')} passed, ${count('failed') + broken + otherFailures} failed, ${count('skipped')} skipped`
}

/** The tests that did not run, each with its reason where it gave one. */
export function skippedLines(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) =>
    [...module.children.allTests('skipped')].map((test) => {
      const result = test.result()
      const note = result.state === 'skipped' ? result.note : undefined
      return `${test.fullName}${note === undefined ? '' : `: ${note}`}`
    }),
  )
}
