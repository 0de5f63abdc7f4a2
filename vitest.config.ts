import { defineConfig } from 'vitest/config'

const shared = { testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{crds,flow,runtime,local,cli,components}/**/*.test.ts'],
        },
      },
      { test: { ...shared, name: 'architecture', include: ['test/architecture/**/*.test.ts'] } },
      { test: { ...shared, name: 'system', include: ['test/system/**/*.test.ts'], testTimeout: 120_000 } },
    ],
  },
})
