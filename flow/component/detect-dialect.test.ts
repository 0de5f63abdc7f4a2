import { describe, expect, it } from 'vitest'
import type { Dialect } from './component-contract.ts'
import { detectDialect, sourceOf } from './detect-dialect.ts'

const sailor = '{"dependencies": {"elasticio-sailor-nodejs": "2.7.8"}}'
const ferryman = '{"dependencies": {"@openintegrationhub/ferryman": "^2.4.7"}}'
const both =
  '{"scripts": {"start": "START"}, "dependencies": {"elasticio-sailor-nodejs": "2", "@openintegrationhub/ferryman": "2"}}'

interface Case {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly main?: string
  readonly want: Dialect
}

const cases: Case[] = [
  {
    name: 'sample-object-generator: of the OIH, on the sailor, bodies, its package.json broken',
    files: {
      'package.json': '{"dependencies": {"elasticio-sailor-nodejs": "2.2.1", "elasticio-node": "0.0.9"},}',
      'lib/f.js': `const { messages } = require('elasticio-node')
        exports.process = function (msg, cfg) { return messages.newMessageWithBody({ name: 'x' }) }`,
    },
    want: 'elasticio',
  },
  {
    name: 'snazzycontacts-transformer: on the ferryman, yet bodies',
    files: {
      'package.json': ferryman,
      'lib/f.js': `/** @param msg incoming message, its msg.data is the payload */
        module.exports.process = async function (msg) { return io.newMessageWithBody((await transform(msg)).body) }`,
    },
    want: 'elasticio',
  },
  {
    name: 'an OIH adapter',
    files: {
      'package.json': ferryman,
      'lib/f.js': `exports.process = async function (msg) { this.emit('data', await put(msg.data)) }`,
    },
    want: 'oih',
  },
  {
    name: 'an elastic.io component',
    files: { 'package.json': sailor, 'lib/f.js': 'exports.process = async (msg) => ({ body: msg.body.id })' },
    want: 'elasticio',
  },
  {
    name: 'data, though the dependency is the sailor',
    files: { 'package.json': sailor, 'lib/f.js': 'exports.process = (msg) => send(msg.data)' },
    want: 'oih',
  },
  {
    name: 'an answer’s data is no message’s',
    files: { 'lib/f.js': 'const r = await axios(msg.body.url); return r.data' },
    want: 'elasticio',
  },
  {
    name: 'a request’s body is no message’s',
    files: { 'lib/f.js': 'request.body = msg.data; res.body.send()' },
    want: 'oih',
  },
  { name: 'optional chaining', files: { 'lib/f.js': 'return msg?.body?.id' }, want: 'elasticio' },
  { name: 'a key in brackets', files: { 'lib/f.js': `const id = message['body'].id` }, want: 'elasticio' },
  { name: 'taking apart', files: { 'lib/f.js': 'const { id, body } = msg' }, want: 'elasticio' },
  { name: 'taking apart what is deeper says nothing', files: { 'lib/f.js': 'const { body } = msg.data' }, want: 'oih' },
  {
    name: 'taking apart a call’s result says nothing',
    files: { 'package.json': ferryman, 'lib/f.js': 'const { body } = message(1)' },
    want: 'oih',
  },
  { name: 'what is emitted', files: { 'lib/f.js': `await this.emit('data', { body: rows })` }, want: 'elasticio' },
  { name: 'comments say nothing', files: { 'lib/f.js': '// msg.body\n/* msg.body */ return msg.data' }, want: 'oih' },
  {
    name: 'an address is no comment',
    files: { 'lib/f.js': 'get("http://x.example/" + msg.body.id)' },
    want: 'elasticio',
  },
  {
    name: 'both in one file: the dependency',
    files: { 'package.json': sailor, 'lib/f.js': 'send(msg.body || msg.data)' },
    want: 'elasticio',
  },
  { name: 'both in one file, no dependency', files: { 'lib/f.js': 'send(msg.body || msg.data)' }, want: 'oih' },
  {
    name: 'neither: the dependency',
    files: { 'package.json': sailor, 'lib/f.js': 'exports.process = run' },
    want: 'elasticio',
  },
  {
    name: 'the function’s file before its helpers',
    files: { 'lib/f.js': 'exports.process = (msg) => put(msg.data)', 'lib/old.js': 'put(msg.body)' },
    want: 'oih',
  },
  {
    name: 'a helper where nothing else tells',
    files: { 'lib/f.js': `exports.process = require('./help')`, 'lib/help.js': 'put(msg.body)' },
    want: 'elasticio',
  },
  { name: 'its modules do not count', files: { 'lib/f.js': '', 'node_modules/a/i.js': 'msg.body' }, want: 'oih' },
  {
    name: 'both runtimes: the one that is started',
    files: {
      'package.json': both.replace('START', 'node ./node_modules/elasticio-sailor-nodejs/run.js'),
      'lib/f.js': '',
    },
    want: 'elasticio',
  },
  {
    name: 'both runtimes, the other one started',
    files: {
      'package.json': both.replace('START', 'node node_modules/@openintegrationhub/ferryman/runGlobal.js'),
      'lib/f.js': '',
    },
    want: 'oih',
  },
  {
    name: 'both runtimes, a script chooses',
    files: { 'package.json': both.replace('START', './start.sh'), 'lib/f.js': '' },
    want: 'oih',
  },
  {
    name: 'the ferryman’s extensions are not the ferryman',
    files: { 'package.json': '"@openintegrationhub/ferryman-x", "elasticio-sailor-nodejs"' },
    want: 'oih',
  },
  { name: 'nothing at all', files: {}, want: 'oih' },
  { name: 'a main without its extension', files: { 'src/f.ts': 'msg.body' }, main: './src/f', want: 'elasticio' },
]

describe('detectDialect', () => {
  it.each(cases)('$name: $want', ({ files, main = './lib/f.js', want }) => {
    expect(detectDialect(files, [{ main }])).toBe(want)
  })

  it.each(['{', 'msg ', '/*', '// ', ' body,', "emit('data', {", '} = msg'])('ends on a megabyte of "%s"', (text) => {
    expect(detectDialect({ 'lib/f.js': text.repeat(1_000_000 / text.length) }, [{ main: 'lib/f.js' }])).toBe('oih')
  })
})

describe('sourceOf', () => {
  it.each([
    { main: './a.js', want: 'a.js' },
    { main: 'a', want: 'a.js' },
    { main: '/lib/b', want: 'lib/b.mjs' },
    { main: './c', want: 'c/index.js' },
    { main: 'gone.js', want: undefined },
    { main: 'toString', want: undefined },
  ])('$main is $want', ({ main, want }) => {
    expect(sourceOf(main, { 'a.js': '', 'lib/b.mjs': '', 'c/index.js': '' })).toBe(want)
  })
})
