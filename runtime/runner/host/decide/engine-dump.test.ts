import { describe, expect, it } from 'vitest'
import { isEngineDump } from './engine-dump.ts'

describe('isEngineDump', () => {
  it.each([
    '<--- Last few GCs --->',
    '<--- JS stacktrace --->',
    '[2184:0x2a3c4000]     1012 ms: Mark-Compact 254.1 (258.4) -> 253.9 (258.7) MB, pooled: 0 MB',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    '----- Native stack trace -----',
    ' 1: 0x931db0 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]',
    '12: 0x7f2b5c0  [node]',
  ])('knows %s', (line) => {
    expect(isEngineDump(line)).toBe(true)
  })

  it.each(['out of memory', 'Error: no such file', '1: first item', '[12:30] started', 'at 0x10'])(
    'leaves %s to the component',
    (line) => {
      expect(isEngineDump(line)).toBe(false)
    },
  )
})
