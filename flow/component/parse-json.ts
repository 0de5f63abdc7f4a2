import type { Finding } from '../finding/finding.ts'
import { jsonErrorOffset } from './json-error-offset.ts'

interface ParsedJson {
  /** Undefined when there is a finding. */
  readonly value: unknown
  readonly findings: readonly Finding[]
}

/** Parses JSON that people write: what is wrong is a finding `ComponentJsonInvalid` at its line and column. */
export function parseJson(text: string, file: string): ParsedJson {
  const json = text.replace(/^\uFEFF/, '')
  try {
    return { value: JSON.parse(json) as unknown, findings: [] }
  } catch {
    return { value: undefined, findings: [syntaxFinding(json, file)] }
  }
}

function syntaxFinding(text: string, file: string): Finding {
  const offset = jsonErrorOffset(text)
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  const message = `this is not valid JSON: ${reasonAt(text, offset)}`
  return { code: 'ComponentJsonInvalid', severity: 'error', message, file, line, column, path: '' }
}

function reasonAt(text: string, offset: number): string {
  if (text.trim() === '') return 'the file is empty'
  const found = text[offset]
  if (found === undefined) return 'it ends too early; close what is open'
  if (/[}\]]/.test(found) && text.slice(0, offset).trimEnd().endsWith(','))
    return `remove the comma before this "${found}"`
  if (text.startsWith('//', offset) || text.startsWith('/*', offset)) return 'remove the comment'
  if (found === "'") return 'put strings and keys in double quotes'
  return `${JSON.stringify(found)} cannot stand here`
}
