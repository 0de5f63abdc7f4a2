import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operatorSettings, operatorSettingsTable } from './operator-settings.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'operator.md'), 'utf8')

const required = {
  WEIR_BROKER_URL: 'amqp://rabbit',
  WEIR_BROKER_MANAGEMENT_URL: 'http://root:secret@rabbit:15672',
  WEIR_STORE_URL: 'mongodb://db',
  WEIR_TENANT_KEY: 'k'.repeat(16),
}

describe('operatorSettings', () => {
  it('has a default for all that can have one', () => {
    expect(operatorSettings({ ...required, WEIR_LEASE_NAME: '' })).toMatchObject({
      leaseName: 'weir-operator',
      inCluster: undefined,
      namespace: undefined,
      httpPort: 9464,
    })
  })

  it('names all that is wrong, and no value of it', () => {
    const environment = {
      WEIR_BROKER_URL: 'http://s3cret',
      WEIR_STORE_URL: 's3cret',
      WEIR_TENANT_KEY: 's3cret',
      WEIR_PUBLIC_URL: 's3cret',
    }
    expect(() => operatorSettings(environment)).toThrow(
      expect.objectContaining({
        code: 'SettingsInvalid',
        message:
          'WEIR_BROKER_URL must begin with amqp:// or amqps://; WEIR_BROKER_MANAGEMENT_URL is not set; WEIR_STORE_URL must begin with mongodb:// or mongodb+srv://; WEIR_TENANT_KEY must have at least 16 characters; WEIR_PUBLIC_URL is no URL',
      }) as Error,
    )
  })

  it('finds the account of its pod where Kubernetes puts it, or where it is told to look', () => {
    const inPod = { ...required, KUBERNETES_SERVICE_HOST: '10.0.0.1' }
    expect(operatorSettings(inPod).inCluster).toEqual({ host: '10.0.0.1', port: '443' })
    expect(operatorSettings({ ...inPod, WEIR_KUBERNETES_ACCOUNT: '/account' }).inCluster).toEqual({
      host: '10.0.0.1',
      port: '443',
      directory: '/account',
    })
  })

  it('takes the address of the gateway without a slash at its end', () => {
    expect(operatorSettings({ ...required, WEIR_PUBLIC_URL: 'https://a.example/x/' }).publicUrl).toBe(
      'https://a.example/x',
    )
  })
})

it('the page of the operator has every setting as it is', () => {
  const rows = page.split('\n').filter((line) => /^\| `(?:WEIR|KUBE)/.test(line))
  const plain = (row: string): string => row.replaceAll(/ +/g, ' ')
  expect(rows.map(plain)).toEqual(operatorSettingsTable().map(plain))
})
