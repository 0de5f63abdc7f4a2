import { describe, expect, it } from 'vitest'
import { UsageError } from '../usage-error.ts'
import type { PlaceOptions, ServerUrls } from './server-urls.ts'
import { serverUrls } from './server-urls.ts'

const broker = 'amqp://me:s3cret@rabbit/shop'
const store = 'mongodb://me:s3cret@mongo/shop'
const management = 'http://me:s3cret@rabbit:15672'
const set = { WEIR_BROKER: broker, WEIR_STORE: store }

describe('serverUrls', () => {
  it.each<{
    name: string
    options?: PlaceOptions
    environment?: Record<string, string>
    want: ServerUrls | undefined
  }>([
    { name: 'are none where none are named', want: undefined },
    {
      name: 'are none where the environment is empty',
      environment: { WEIR_BROKER: '', WEIR_STORE: '' },
      want: undefined,
    },
    { name: 'are the typed ones', options: { broker, store }, want: { broker, store } },
    { name: 'are those of the environment', environment: set, want: { broker, store } },
    { name: 'are typed or set', options: { broker }, environment: { WEIR_STORE: store }, want: { broker, store } },
    {
      name: 'are typed before they are set',
      options: { broker: 'amqp://other' },
      environment: set,
      want: { broker: 'amqp://other', store },
    },
    {
      name: 'have a management when it is typed',
      options: { broker, store, brokerManagement: management },
      want: { broker, store, management },
    },
    {
      name: 'have a management when it is set',
      environment: { ...set, RABBITMQ_MANAGEMENT_URL: management },
      want: { broker, store, management },
    },
    {
      name: 'are none of a run without servers, whatever management is set',
      environment: { RABBITMQ_MANAGEMENT_URL: management },
      want: undefined,
    },
    { name: 'are not asked with --state', options: { state: 'dir' }, environment: set, want: undefined },
  ])('$name', ({ options = {}, environment = {}, want }) => {
    expect(serverUrls(options, environment)).toEqual(want)
  })

  it.each<{ name: string; options?: PlaceOptions; environment?: Record<string, string>; message: RegExp }>([
    { name: 'a broker alone', options: { broker }, message: /^--broker keeps the messages; .*give --store mongodb/ },
    { name: 'a store alone', options: { store }, message: /^--store keeps the state; .*give --broker amqp/ },
    { name: 'a broker that is set, alone', environment: { WEIR_BROKER: broker }, message: /^WEIR_BROKER keeps/ },
    { name: 'a store that is set, alone', environment: { WEIR_STORE: store }, message: /^WEIR_STORE keeps/ },
    { name: 'a directory and a broker', options: { state: 'dir', broker, store }, message: /give one or the other/ },
    { name: 'a directory and a store', options: { state: 'dir', store }, message: /give one or the other/ },
    { name: 'a management alone', options: { brokerManagement: management }, message: /give --broker and --store/ },
  ])('refuses $name, and shows nothing of the URL', ({ options = {}, environment = {}, message }) => {
    const refused = (): unknown => serverUrls(options, environment)
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(message)
    expect(refused).not.toThrow('s3cret')
  })
})
