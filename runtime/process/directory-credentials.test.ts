import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { directoryCredentials } from './directory-credentials.ts'

async function directoryWith(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-credentials-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'shop'))
  await writeFile(join(directory, 'shop', 'api.json'), text)
  return directory
}

it('reads a credential from its file', async () => {
  const directory = await directoryWith('{"type": "basic", "fields": {"user": "ada", "password": "s3cret"}, "more": 1}')
  const credential = { type: 'basic', fields: { user: 'ada', password: 's3cret' } }
  expect(await directoryCredentials(directory).get('shop', 'api')).toEqual(credential)
})

it('reads the budget of its App beside it', async () => {
  const rateBudget = { app: 'crm', requests: 10, perSeconds: 1, burst: 1 }
  const credential = { type: 'basic', fields: { user: 'ada' }, rateBudget }
  expect(await directoryCredentials(await directoryWith(JSON.stringify(credential))).get('shop', 'api')).toEqual(
    credential,
  )
})

it('has none where there is no file, or no directory', async () => {
  expect(await directoryCredentials(await directoryWith('{}')).get('shop', 'other')).toBeUndefined()
  expect(await directoryCredentials(undefined).get('shop', 'api')).toBeUndefined()
})

it.each([
  '{"type": "basic", "fields": {"password": "s3cret"',
  '"s3cret"',
  'null',
  '["s3cret"]',
  '{"type": "s3cret"}',
  '{"type": 1, "fields": {"password": "s3cret"}}',
  '{"type": "basic", "fields": ["s3cret"]}',
  '{"type": "basic", "fields": {"password": "s3cret", "port": 5}}',
  '{"type": "basic", "fields": {"password": "s3cret"}, "rateBudget": {"app": "crm", "requests": 10}}',
  '{"type": "basic", "fields": {"password": "s3cret"}, "rateBudget": {"app": "crm", "requests": 0, "perSeconds": 1, "burst": 1}}',
])('says which file is wrong, and nothing that it holds: %s', async (text) => {
  const reading = directoryCredentials(await directoryWith(text)).get('shop', 'api')
  await expect(reading).rejects.toMatchObject({
    code: 'CredentialUnreadable',
    message: expect.stringMatching(/^(?!.*s3cret).*shop\/api\.json/) as string,
  })
})
