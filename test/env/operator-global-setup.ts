import type { TestProject } from 'vitest/node'
import { openSharedKubeApi } from './kube-servers.ts'
import { openServers } from './shared-servers.ts'

/** Runs once, before the first test of the project `operator`, and not at all when none of its tests is in the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [servers, kubeApi] = await Promise.all([openServers(), openSharedKubeApi()])
  project.provide('rabbit', servers.rabbit)
  project.provide('mongo', servers.mongo)
  project.provide('kubeApi', kubeApi.found)
  return async () => {
    await kubeApi.close()
    await servers.close()
  }
}
