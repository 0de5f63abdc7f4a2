import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../clock.ts'
import { defaultLimits } from './gateway-parts.ts'
import { openHookServer, type Answered } from './hook-server.ts'
import { openLoad } from './load.ts'

it('counts an answer that cannot be written as the one that is', async () => {
  const answers: Answered[] = []
  const server = await openHookServer({
    port: 0,
    host: '127.0.0.1',
    load: openLoad(defaultLimits),
    deskOf: () => ({ status: 200, headers: { 'x-a': 'b\nc' } }),
    releaseAll: () => {},
    onAnswer: (answer) => void answers.push(answer),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  })
  onTestFinished(() => server.close(0))
  const response = await fetch(`${server.url}/hooks/shop/orders`, { method: 'POST' })
  expect(response.status).toBe(500)
  expect(answers).toEqual([{ status: 500, path: '/hooks/shop/orders' }])
})
