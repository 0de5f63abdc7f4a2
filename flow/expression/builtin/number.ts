import { failed } from '../evaluate/fault.ts'
import type { BuiltIn } from './built-in.ts'
import { native } from './built-in.ts'
import { checkPicture } from './picture.ts'

type Numbers = readonly number[] | undefined

export const numberFunctions: Readonly<Record<string, BuiltIn>> = {
  sum: native('sum'),
  average: native('average'),
  max: (_, numbers: Numbers) => extreme(numbers, (a, b) => Math.max(a, b)),
  min: (_, numbers: Numbers) => extreme(numbers, (a, b) => Math.min(a, b)),
  number: native('number'),
  floor: native('floor'),
  ceil: native('ceil'),
  round: native('round'),
  abs: native('abs'),
  sqrt: native('sqrt'),
  power: native('power'),
  random: ({ random }) => random(),
  formatNumber: pictured('formatNumber'),
  formatBase: native('formatBase'),
  formatInteger: pictured('formatInteger'),
  parseInteger: pictured('parseInteger'),
}

function extreme(numbers: Numbers, choose: (a: number, b: number) => number): number | undefined {
  return numbers === undefined || numbers.length === 0 ? undefined : numbers.reduce((a, b) => choose(a, b))
}

const longestNumberText = 1_000

function pictured(name: string): BuiltIn {
  const builtIn = native(name)
  return (evaluation, ...args) => {
    const [value, picture, options] = args as readonly unknown[]
    checkPicture(picture)
    for (const text of [value, ...optionTexts(options)]) {
      if (typeof text === 'string' && text.length > longestNumberText) throw failed('the text is too long for a number')
    }
    return builtIn(evaluation, ...args)
  }
}

function optionTexts(options: unknown): readonly unknown[] {
  return typeof options === 'object' && options !== null ? Object.values(options) : []
}
