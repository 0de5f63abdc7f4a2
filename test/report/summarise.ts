import type { TestCase, TestModule } from 'vitest/node'

export interface Outcome {
  readonly modules: readonly TestModule[]
  /** Of files that were run again, by themselves, what they said the first time. */
  readonly before: readonly TestModule[]
  /** Errors outside of a test, and set-ups that failed. */
  readonly otherFailures: number
}

/** Counts over all files. A file that could not be loaded, and an error outside of a test, count as failed. */
export function summaryLine({ modules, otherFailures }: Outcome): string {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state))
  const count = (state: string): number => states.filter((one) => one === state).length
  const failed = count('failed') + modules.filter(isBroken).length + otherFailures
  return `${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`
}

/** What a reader of the last lines must know: what did not run, what passed only when it had the machine to itself, what failed; each with its reason. */
export function summaryLists({ modules, before }: Outcome): string {
  return [
    ['skipped', skippedLines(modules)] as const,
    ['passed only when run again, by themselves', failedLines(before)] as const,
    ['failed', failedLines(modules)] as const,
  ]
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `\n${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`)
    .join('')
}

/** A test that failed, or its whole file. */
export function hasFailed(module: TestModule): boolean {
  return !module.ok()
}

/** At least one of its tests. */
export function hasPassed(module: TestModule): boolean {
  return [...module.children.allTests('passed')].length > 0
}

function isBroken(module: TestModule): boolean {
  return module.state() === 'failed' && module.errors().length > 0
}

function skippedLines(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) =>
    [...module.children.allTests('skipped')].map((test) => {
      const result = test.result()
      return withReason(test.fullName, result.state === 'skipped' ? result.note : undefined)
    }),
  )
}

function failedLines(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) => [
    ...module.errors().map(({ message }) => withReason(module.relativeModuleId, message)),
    ...[...module.children.allTests('failed')].map((test) => `${module.relativeModuleId}: ${failureOf(test)}`),
  ])
}

function failureOf(test: TestCase): string {
  return withReason(test.fullName, test.result().errors?.[0]?.message)
}

function withReason(name: string, reason: string | undefined): string {
  return reason === undefined ? name : `${name}: ${reason.split('\n', 1)[0]}`
}
