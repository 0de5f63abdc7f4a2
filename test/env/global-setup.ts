import type { TestProject } from 'vitest/node'
import { openServers } from './shared-servers.ts'

/** Runs once, before the first test of the project `servers`, and not at all when none of its tests is in the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { rabbit, mongo, close } = await openServers()
  project.provide('rabbit', rabbit)
  project.provide('mongo', mongo)
  return close
}
