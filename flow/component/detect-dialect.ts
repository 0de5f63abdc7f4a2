import type { Dialect, FunctionContract } from './component-contract.ts'

/**
 * The dialect that a component's code speaks, as well as it can be told from its texts (path from the component's root to content).
 * What the functions' own files do with a message's `body` or `data` counts most, then what the other sources do; where
 * both or neither occur, the runtime that package.json starts or depends on; without any sign `oih`.
 */
export function detectDialect(
  files: Readonly<Record<string, string>>,
  functions: readonly Pick<FunctionContract, 'main'>[],
): Dialect {
  const sources = Object.keys(files).filter((path) => /\.[cm]?[jt]s$/.test(path) && !path.includes('node_modules/'))
  const mains = new Set(functions.flatMap(({ main }) => sourceOf(main, files) ?? []))
  return (
    clear(evidenceIn(sources.filter((path) => mains.has(path)).map((path) => files[path] ?? ''))) ??
    runtimeHint(own(files, 'package.json')) ??
    clear(evidenceIn(sources.map((path) => files[path] ?? ''))) ??
    'oih'
  )
}

/** The file that a function's `main` means: `./` and the extension may be left out. Undefined when it is not among the files. */
export function sourceOf(main: string, files: Readonly<Record<string, string>>): string | undefined {
  const path = main.replace(/^(\.?\/)+/, '')
  const endings = ['', '.js', '.cjs', '.mjs', '.ts', '/index.js']
  return endings.map((ending) => path + ending).find((candidate) => Object.hasOwn(files, candidate))
}

interface Evidence {
  readonly body: boolean
  readonly data: boolean
}

const message = String.raw`\b(?:msg|message|incomingMessage|inputMessage)`

/** Each ends soon on any text: what repeats is bounded. */
function signsOf(key: 'body' | 'data'): readonly RegExp[] {
  return [
    new RegExp(String.raw`${message}\s{0,9}(?:\?\.|\.)\s{0,9}${key}\b`),
    new RegExp(String.raw`${message}(?:\?\.)?\[['"]${key}['"]`),
    new RegExp(String.raw`\b${key}\b[^{}=]{0,99}\}\s{0,9}=\s{0,9}${message}\b(?!\s{0,9}[.([?])`),
    new RegExp(String.raw`\bemit\(\s{0,9}['"]data['"]\s{0,9},\s{0,99}\{\s{0,99}(?:[\w.]{1,50},\s{0,99}){0,5}${key}\b`),
  ]
}

const bodySigns = [...signsOf('body'), /\bnewMessageWithBody\(/]
const dataSigns = signsOf('data')
/** Functions are smaller; what is longer is a bundle, and tells early enough. */
const scannedChars = 200_000

function evidenceIn(texts: readonly string[]): Evidence {
  const codes = texts.map((text) => withoutComments(text.slice(0, scannedChars)))
  return {
    body: codes.some((code) => bodySigns.some((sign) => sign.test(code))),
    data: codes.some((code) => dataSigns.some((sign) => sign.test(code))),
  }
}

function clear({ body, data }: Evidence): Dialect | undefined {
  if (body === data) return undefined
  return body ? 'elasticio' : 'oih'
}

/** Comments are copied from template to template, whatever the code under them does. */
function withoutComments(code: string): string {
  const kept: string[] = []
  let from = 0
  for (let start = code.indexOf('/*'); start !== -1; start = code.indexOf('/*', from)) {
    const end = code.indexOf('*/', start + 2)
    kept.push(code.slice(from, start))
    from = end === -1 ? code.length : end + 2
  }
  kept.push(code.slice(from))
  return kept.join(' ').replace(/(^|[\s;{}(),])\/\/.*$/gm, '$1')
}

/** By text and not by parsing: one published component's package.json is no valid JSON, and two words are all that is asked. */
function runtimeHint(packageJson: string | undefined): Dialect | undefined {
  if (packageJson === undefined) return undefined
  const start = /"start"\s*:\s*"([^"]*)"/.exec(packageJson)?.[1] ?? ''
  return clear(runtimesIn(start)) ?? clear(runtimesIn(packageJson))
}

function runtimesIn(text: string): Evidence {
  return { body: text.includes('elasticio-sailor-nodejs'), data: /@openintegrationhub\/ferryman\b/.test(text) }
}

function own(files: Readonly<Record<string, string>>, path: string): string | undefined {
  return Object.hasOwn(files, path) ? files[path] : undefined
}
