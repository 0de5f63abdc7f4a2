import { describe, expect, it } from 'vitest'
import { recorderSettings, runnerSettings } from './settings.ts'

const least = {
  WEIR_BROKER_URL: 'amqp://guest:guest@rabbit:5672/weir.shop.1',
  WEIR_STORE_URL: 'mongodb://mongo:27017/shop?replicaSet=rs0',
  WEIR_PLANS: '/plans',
}

describe('recorderSettings', () => {
  it('needs a broker and a store, and has a default for all else', () => {
    expect(recorderSettings(least)).toEqual({
      brokerUrl: new URL(least.WEIR_BROKER_URL),
      storeUrl: least.WEIR_STORE_URL,
      logLevel: 'info',
      httpPort: 9464,
      httpHost: '0.0.0.0',
      shutdownSeconds: 30,
      plans: '/plans',
    })
  })

  it('takes an empty variable as one that is not set', () => {
    const empty = {
      ...least,
      WEIR_PLANS: '',
      WEIR_HTTP_PORT: '',
      WEIR_LOG_LEVEL: '',
      WEIR_POOLS: '',
      WEIR_COMPONENTS: '',
    }
    expect(runnerSettings(empty)).toMatchObject({
      plans: undefined,
      httpPort: 9464,
      logLevel: 'info',
      pools: undefined,
    })
    expect(() => recorderSettings({ ...least, WEIR_STORE_URL: '' })).toThrow('WEIR_STORE_URL is not set')
  })

  it('names every variable that is wrong at once', () => {
    const wrong = { WEIR_BROKER_URL: 'http://rabbit', WEIR_HTTP_PORT: '99999', WEIR_LOG_LEVEL: 'loud' }
    expect(() => recorderSettings(wrong)).toThrow(
      expect.objectContaining({
        code: 'SettingsInvalid',
        message: [
          'WEIR_BROKER_URL must begin with amqp:// or amqps://',
          'WEIR_STORE_URL is not set',
          'WEIR_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
          'WEIR_HTTP_PORT must be from 0 to 65535',
        ].join('; '),
      }),
    )
  })

  it.each([
    { name: 'what is no URL', WEIR_BROKER_URL: 'amqp//user:s3cret@rabbit' },
    { name: 'another protocol', WEIR_BROKER_URL: 'https://user:s3cret@rabbit' },
  ])('never shows a password: $name', ({ WEIR_BROKER_URL }) => {
    expect(() => recorderSettings({ ...least, WEIR_BROKER_URL })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') as string }),
    )
  })
})

describe('plans of a cluster', () => {
  const inPod = {
    ...least,
    WEIR_PLANS: 'kubernetes',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT: '6443',
  }

  it('are those of the cluster that the process runs in', () => {
    expect(recorderSettings(inPod).plans).toEqual({ host: '10.0.0.1', port: '6443', account: undefined })
    expect(runnerSettings({ ...inPod, WEIR_KUBERNETES_ACCOUNT: '/account' }).plans).toMatchObject({
      account: '/account',
    })
  })

  it('cannot be had outside of one', () => {
    const outside = { ...least, WEIR_PLANS: 'kubernetes' }
    expect(() => recorderSettings(outside)).toThrow(
      expect.objectContaining({
        code: 'SettingsInvalid',
        message: expect.stringContaining('runs in no pod') as string,
      }),
    )
  })
})

describe('runnerSettings', () => {
  it('reads pools and the code of components', () => {
    const settings = runnerSettings({
      ...least,
      WEIR_POOLS: 'core,Component/shop',
      WEIR_COMPONENTS: 'Component/shop=/code/shop,ClusterComponent/http=/code/a=b',
    })
    expect(settings.pools).toEqual(['core', 'Component/shop'])
    expect([...settings.components]).toEqual([
      ['Component/shop', '/code/shop'],
      ['ClusterComponent/http', '/code/a=b'],
    ])
    expect(settings.supervisorSocket).toBeUndefined()
  })

  it.each([
    {
      name: 'components without a kind',
      changes: { WEIR_COMPONENTS: 'shop=/code' },
      message: 'WEIR_COMPONENTS must be pairs like Component/shop=/path, separated by commas',
    },
    {
      name: 'no room for a process',
      changes: { WEIR_MAX_PROCESSES: '0' },
      message: 'WEIR_MAX_PROCESSES must be from 1 to 1000',
    },
  ])('refuses $name', ({ changes, message }) => {
    expect(() => runnerSettings({ ...least, ...changes })).toThrow(expect.objectContaining({ message }))
  })
})
