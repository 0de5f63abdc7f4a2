import { expect, it } from 'vitest'
import { gatewaySettings } from './tenant-settings.ts'

const required = { WEIR_BROKER_URL: 'amqp://rabbit', WEIR_STORE_URL: 'mongodb://one,two' }

it('a gateway has a port for webhooks beside that of its probes', () => {
  expect(gatewaySettings(required)).toMatchObject({ hooksPort: 8080, httpPort: 9464, namespace: undefined })
  expect(gatewaySettings({ ...required, WEIR_HOOKS_PORT: '0' }).hooksPort).toBe(0)
  expect(() => gatewaySettings({ ...required, WEIR_HOOKS_PORT: '65536' })).toThrow('WEIR_HOOKS_PORT')
  expect(() => gatewaySettings({ WEIR_HOOKS_PORT: '80' })).toThrow('WEIR_BROKER_URL')
})
