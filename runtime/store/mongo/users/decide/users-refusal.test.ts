import { expect, it } from 'vitest'
import type { DriverError } from '../../decide/mongo-failure.ts'
import { usersRefusal } from './users-refusal.ts'

const error = (code: number | undefined, message: string, more: Partial<DriverError> = {}): DriverError => ({
  name: 'MongoServerError',
  message,
  labels: [],
  ...(code !== undefined && { code }),
  ...more,
})

it.each([
  {
    name: 'a user who may not',
    error: error(13, 'not authorized on d to execute command { createUser: "u", pwd: "s3cret" }'),
  },
  { name: 'no login', error: error(13, 'command usersInfo requires authentication') },
  { name: 'Atlas', error: error(8000, 'user is not allowed to do action [createUser] on [d.]') },
  { name: 'a server without the command', error: error(59, 'no such command: createRole') },
  { name: 'one that takes users in another place alone', error: error(303, 'Feature not supported') },
])('$name is told what to do', ({ error }) => {
  const told = usersRefusal(error)
  expect(told).toContain(`(${error.code})`)
  expect(told).toMatch(/userAdminAnyDatabase.*WEIR_STORE_USERS=shared/)
  expect(told).not.toContain('s3cret')
})

it.each([
  { name: 'the way to it', error: error(undefined, 'connect ECONNREFUSED', { name: 'MongoNetworkError' }) },
  { name: 'an election', error: error(10_107, 'not primary') },
  { name: 'its login', error: error(18, 'Authentication failed.') },
  { name: 'another operator, which was faster', error: error(51_003, 'User "u@d" already exists') },
])('trouble of another kind is told elsewhere: $name', ({ error }) => expect(usersRefusal(error)).toBeUndefined())
