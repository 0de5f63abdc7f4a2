import { describe, expect, it } from 'vitest'
import { TransientError } from '../runtime/error.ts'
import { humanLine, openLog, printable } from './log.ts'
import type { Style } from './terminal.ts'
import { UsageError } from './usage-error.ts'

const plain = { style: (_: Style, text: string) => text }
const marked = { style: (style: Style, text: string) => `<${style}>${text}</>` }

describe('openLog', () => {
  function logged(
    level: string,
    act: (log: ReturnType<typeof openLog>) => void,
    isTold?: (code: string) => boolean,
  ): string[] {
    const lines: string[] = []
    act(openLog(level, { ...plain, write: (line) => lines.push(line) }, isTold))
    return lines
  }

  it('writes time, level, message, then keys and values', () => {
    const lines = logged('info', (log) => {
      log.info({ flow: 'contacts', step: 'store', attempt: 2, note: 'a b' }, 'message stored')
      log.error({ err: new Error('the disk is full') }, 'state lost')
      log.debug('not seen')
    })
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d\.\d\d\d info  message stored {2}flow=contacts step=store attempt=2 note="a b"\n$/,
      ),
      expect.stringMatching(/^\S+ error state lost {2}error="the disk is full"\n$/),
    ])
  })

  it('leaves out warnings whose reason people know, unless somebody debugs', () => {
    const warn = (log: ReturnType<typeof openLog>): void => {
      for (const code of ['BrokerConnectionLost', 'StoreTimeout'])
        log.warn({ err: new TransientError(code, code) }, 'x')
      log.warn('no reason')
      log.error({ err: new TransientError('BrokerConnectionLost', 'lost') }, 'an error')
    }
    const isTold = (code: string): boolean => code.startsWith('Broker')
    expect(logged('info', warn, isTold).map((line) => line.slice(13).trim())).toEqual([
      'warn  x  error=StoreTimeout',
      'warn  no reason',
      'error an error  error=lost',
    ])
    expect(logged('debug', warn, isTold)).toHaveLength(4)
  })

  it('is silent when asked to be', () => {
    expect(logged('silent', (log) => log.fatal('no'))).toEqual([])
  })

  it('refuses a level that there is not', () => {
    expect(() => openLog('loud', { ...plain, write: () => {} })).toThrow(UsageError)
    expect(() => openLog('', { ...plain, write: () => {} })).toThrow('WEIR_LOG_LEVEL must be one of trace, debug')
  })
})

describe('humanLine', () => {
  it.each([
    {
      name: 'colours level and time',
      line: '{"level":"warn","time":"2026-01-31T03:04:05.678Z","msg":"late"}',
      style: marked,
      want: '<dim>03:04:05.678</> <yellow>warn </> late',
    },
    {
      name: 'shows an error that is no object',
      line: '{"level":"info","time":"","msg":"m","err":"no"}',
      style: plain,
      want: ' info  m  error=no',
    },
    {
      name: 'shows the time of a record that has milliseconds, as programs of pods write them',
      line: '{"level":"info","time":1795360637800,"program":"runner","msg":"ready"}',
      style: plain,
      want: '15:17:17.800 info  ready  program=runner',
    },
    {
      name: 'survives a time that is none',
      line: '{"level":"info","time":9e15,"msg":"m"}',
      style: plain,
      want: ' info  m',
    },
    { name: 'keeps JSON that is no record', line: 'null', style: plain, want: 'null' },
    { name: 'keeps a list', line: '[1]', style: plain, want: '[1]' },
    {
      name: 'takes what commands a terminal out of what a component has written',
      line: '\u001B[2Jgone',
      style: plain,
      want: 'gone',
    },
    {
      name: 'takes it out of a record, too',
      line: JSON.stringify({ level: '\u001B[2Ji', time: '', msg: 'm', 'k\u0085': '\u0085v' }),
      style: plain,
      want: ' i     m  k\uFFFD="\uFFFDv"',
    },
    { name: 'keeps a line that is no JSON', line: 'plain words\n', style: plain, want: 'plain words' },
  ])('$name', ({ line, style, want }) => {
    expect(humanLine(line, style)).toBe(want)
  })
})

describe('printable', () => {
  it.each([
    { text: 'a\tb', want: 'a\tb' },
    { text: '\u001B[31mred\u001B[0m', want: 'red' },
    { text: '\u001B]0;title\u0007x', want: 'x' },
    { text: 'bell\u0007 \u009B', want: 'bell\uFFFD \uFFFD' },
    { text: 'Grüße 東京', want: 'Grüße 東京' },
  ])('takes from $text what commands a terminal', ({ text, want }) => {
    expect(printable(text)).toBe(want)
  })
})
