import { readFile } from 'node:fs/promises'
import { parse as parseYaml } from 'yaml'
import type { Json, JsonObject } from '../crds/v1alpha1/meta.ts'
import { UsageError } from './usage-error.ts'

/**
 * A JSON value from an option: as it stands, or with `@FILE` from a file (YAML is accepted there).
 *
 * @throws {UsageError} when it cannot be read or parsed
 */
export async function readJsonOption(option: string, text: string): Promise<Json> {
  if (!text.startsWith('@')) return parseOption(option, text)
  const file = text.slice(1)
  return parseFile(option, file, await readOptionFile(option, file))
}

/** @throws {UsageError} when it is no JSON object */
export async function readObjectOption(option: string, text: string): Promise<JsonObject> {
  const value = await readJsonOption(option, text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new UsageError(`${option} must be a JSON object, as '{"key": "value"}'`)
}

/** `NAME=VALUE`, the form of the repeatable options. @throws {UsageError} without a name or an equals sign */
export function splitPair(option: string, text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`${option} must be NAME=VALUE, not "${text}"`)
}

function parseOption(option: string, text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${option} is not valid JSON: ${reason}. To read it from a file write @FILE`, { cause: error })
  }
}

function parseFile(option: string, file: string, text: string): Json {
  try {
    return parseYaml(text, { maxAliasCount: 100 }) as Json
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new UsageError(`${option}: ${file} is neither JSON nor YAML: ${reason}`, { cause: error })
  }
}

async function readOptionFile(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new UsageError(`${option}: ${file}: ${reason}`, { cause: error })
  }
}
