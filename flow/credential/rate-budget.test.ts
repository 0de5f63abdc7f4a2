import { describe, expect, it } from 'vitest'
import { budgetInUse } from './rate-budget.ts'

describe('budgetInUse', () => {
  it.each([
    {
      name: 'none without an App',
      app: undefined,
      spec: { rateBudget: { requests: 1, perSeconds: 1 } },
      want: undefined,
    },
    { name: 'none where the App is not there', app: 'crm', spec: undefined, want: undefined },
    { name: 'none where the App has none', app: 'crm', spec: {}, want: undefined },
    {
      name: 'a tenth at once',
      app: 'crm',
      spec: { rateBudget: { requests: 100, perSeconds: 60 } },
      want: { app: 'crm', requests: 100, perSeconds: 60, burst: 10 },
    },
    {
      name: 'one at once at least',
      app: 'crm',
      spec: { rateBudget: { requests: 9, perSeconds: 1 } },
      want: { app: 'crm', requests: 9, perSeconds: 1, burst: 1 },
    },
    {
      name: 'as many at once as it says',
      app: 'crm',
      spec: { rateBudget: { requests: 9, perSeconds: 1, burst: 9 } },
      want: { app: 'crm', requests: 9, perSeconds: 1, burst: 9 },
    },
  ])('$name', ({ app, spec, want }) => {
    expect(budgetInUse(app, spec)).toEqual(want)
  })
})
