import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import type { ComponentPlanStep } from '../../flow/plan/plan.ts'
import { changePlan } from '../../test/samples/change-plan.ts'
import { systemClock } from '../clock.ts'
import { TransientError } from '../error.ts'
import { preparationFailure } from '../runner/prepare-call.ts'
import { openProcessHost } from './open-host.ts'

function stepOf(component: string): ComponentPlanStep {
  const step = changePlan({ steps: { a: 'find' }, timeoutSeconds: 60 }).steps['a']
  if (step?.kind !== 'component') throw new Error('the sample has no such step')
  return { ...step, component: { kind: 'Component', name: component } }
}

it('a component whose code is not here makes its messages wait, spends no attempt, and is told of once', async () => {
  const lines: string[] = []
  const log = pino(new Writable({ write: (line, _, done) => done(void lines.push(String(line))) }))
  const settings = {
    components: new Map([['Component/mill', '/code/mill']]),
    supervisorSocket: undefined,
    maxProcesses: 1,
  }
  const { code, host } = await openProcessHost({
    settings,
    environment: {},
    clock: systemClock,
    log,
    onDraining: () => {},
  })
  onTestFinished(() => host.close(0))
  const failures: unknown[] = []
  for (const name of ['shop', 'shop', 'yard', 'shop']) {
    failures.push(await code(stepOf(name), 'default').catch((error: unknown) => error))
  }
  expect(failures.every((failure) => failure instanceof TransientError)).toBe(true)
  expect(failures.map(preparationFailure)).toMatchObject(
    failures.map(() => ({ code: 'ComponentNotFound', retryAfterSeconds: 30 })),
  )
  expect(lines.map((line) => (JSON.parse(line) as { component: string }).component)).toEqual([
    'Component/shop',
    'Component/yard',
  ])
  expect(await code(stepOf('mill'), 'default')).toEqual({ directory: '/code/mill', env: {} })
})
