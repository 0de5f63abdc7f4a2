import type { TestProject } from 'vitest/node'
import { openSharedKubeApi } from './kube-servers.ts'

/** Runs once, before the first test of the project `kube-api`, and not at all when none of its tests is in the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { found, close } = await openSharedKubeApi()
  project.provide('kubeApi', found)
  return close
}
