import { defineConfig } from 'vitest/config'

const shared = { testTimeout: 30_000, hookTimeout: 60_000 }
/** Tests that need a RabbitMQ or a MongoDB, wherever they are. */
const onServers = '{runtime,operator,local,cli,test}/**/*.servers.test.ts'
/** Tests that need an API server of Kubernetes. */
const onKubeApi = '{crds,kube,runtime,operator,cli,test}/**/*.kube-api.test.ts'
/** Tests that need all of them. */
const onAll = '{operator,cli,test}/**/*.operator.test.ts'
const exclude = ['**/node_modules/**', onServers, onKubeApi, onAll]

export default defineConfig({
  test: {
    // Most of the long tests wait for processes and servers: by one worker they take an hour.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{crds,flow,kube,runtime,operator,local,cli,components}/**/*.test.ts', 'test/env/**/*.test.ts'],
          exclude,
        },
      },
      { test: { ...shared, name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      { test: { ...shared, name: 'system', include: ['test/system/**/*.test.ts'], exclude, testTimeout: 120_000 } },
      {
        test: {
          ...shared,
          name: 'servers',
          include: [onServers],
          globalSetup: ['test/env/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'kube-api',
          include: [onKubeApi],
          exclude: ['**/node_modules/**'],
          globalSetup: ['test/env/kube-global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'operator',
          include: [onAll],
          globalSetup: ['test/env/operator-global-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'cluster',
          include: ['test/cluster/**/*.cluster.test.ts'],
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
