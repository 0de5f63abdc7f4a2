import { tooLarge } from './budget.ts'
import { failed, Fault, shortened, shown } from './fault.ts'

/** What JSONata's own parts throw: no Error, a code with what belongs to it. */
interface NativeError {
  readonly code?: unknown
  readonly value?: unknown
  readonly index?: unknown
  readonly type?: unknown
  readonly message?: unknown
}

const texts: Readonly<Record<string, string>> = {
  D1001: 'a number is out of range',
  D3061: 'the power is out of range',
  D3080: 'a picture has at most two parts',
  D3081: 'a picture has at most one decimal separator',
  D3082: 'a picture has at most one percent sign',
  D3083: 'a picture has at most one per-mille sign',
  D3084: 'a picture has a percent or a per-mille sign, not both',
  D3085: 'a picture needs a digit (0) or a place for one (#)',
  D3086: 'a picture has no other characters between its digits',
  D3087: 'a picture has no grouping separator beside the decimal separator',
  D3088: 'a picture does not end in a grouping separator',
  D3089: 'a picture has no two grouping separators side by side',
  D3090: 'in the whole part of a picture # comes before 0',
  D3091: 'in the fraction of a picture 0 comes before #',
  D3092: 'a picture with percent or per mille has no exponent',
  D3093: 'the exponent of a picture is digits only',
  D3131: 'all digits of a picture must be of one script',
  D3134: 'a time zone has at most four digits',
  D3135: 'a [ in the picture is not closed by ]',
  D3136: 'the picture lacks parts of the date between those that it has',
}

const textsOfValue: Readonly<Record<string, (value: string) => string>> = {
  D3030: (value) => `${value} is not a number`,
  D3060: (value) => `there is no square root of ${value}`,
  D3100: (value) => `the base must be from 2 to 36, not ${value}`,
  D3110: (value) =>
    `${value} is not a time as 2026-01-31T12:00:00Z; give a picture as second argument if it is written in another way`,
  D3130: (value) => `the picture ${value} is not known`,
  D3132: (value) => `the picture has no part ${value}`,
  D3133: (value) => `the part ${value} of the picture has no names`,
  D3140: (value) => `${value} cannot be part of a URL`,
}

const kinds: Readonly<Record<string, string>> = {
  strings: 'texts',
}

/** Anything thrown in an evaluation as a fault, in words. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (error instanceof RangeError) return rangeFault(error)
  const { code, message } = error as NativeError
  if (typeof code === 'string') return failed(textFor(code, error as NativeError))
  return failed(shortened(typeof message === 'string' ? message : 'it failed'))
}

function rangeFault({ message }: RangeError): Fault {
  if (message.includes('call stack')) {
    return new Fault('ExpressionTooDeep', { text: 'a value is nested, or functions call each other, too deep' })
  }
  if (message.startsWith('Invalid array length') || message.startsWith('Invalid string length')) {
    return tooLarge('more than memory holds')
  }
  return failed(shortened(message))
}

function textFor(code: string, { value, index, type, message }: NativeError): string {
  switch (code) {
    case 'T0410':
      return `argument ${String(index)} must not be ${shown(value)}`
    case 'T0411':
      return `argument ${String(index)} is left out, and the context is ${shown(value)}, which does not fit`
    case 'T0412':
      return `argument ${String(index)} must be a list of ${kinds[String(type)] ?? String(type)} only`
    default:
      return (
        texts[code] ?? textsOfValue[code]?.(shown(value)) ?? shortened(typeof message === 'string' ? message : code)
      )
  }
}
