import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BudgetInUse } from '../../crds/v1alpha1/credential.ts'
import { TransientError } from '../error.ts'
import type { CredentialSource, ResolvedCredential } from '../plan-source.ts'

/**
 * Credentials in files `<namespace>/<name>.json`, `{"type": …, "fields": {…}}`, with the App's `rateBudget` beside them where it has one; read anew
 * each time, so that a changed one counts at once.
 */
export function directoryCredentials(directory: string | undefined): CredentialSource {
  return {
    get: async (namespace, name) => {
      if (directory === undefined) return undefined
      const place = `${namespace}/${name}.json`
      let text: string
      try {
        text = await readFile(join(directory, place), 'utf8')
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw new TransientError('CredentialUnreadable', `the file ${place} of a credential cannot be read`, { cause })
      }
      return parse(text, place)
    },
  }
}

/** The reason is left out of the message: it could quote what the file holds. */
function parse(text: string, place: string): ResolvedCredential {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new TransientError('CredentialUnreadable', `the file ${place} of a credential is not JSON`)
  }
  const { type, fields, rateBudget } = (isRecord(value) ? value : {}) as Partial<ResolvedCredential> // each of its parts is looked at
  if (typeof type === 'string' && isRecord(fields) && Object.values(fields).every(isText)) {
    if (rateBudget === undefined) return { type, fields }
    if (isBudget(rateBudget)) return { type, fields, rateBudget }
  }
  const message = `the file ${place} of a credential is not {"type": "…", "fields": {"name": "text", …}}, with a rateBudget of app, requests, perSeconds and burst or without`
  throw new TransientError('CredentialUnreadable', message)
}

function isBudget(value: unknown): value is BudgetInUse {
  if (!isRecord(value)) return false
  const { app, requests, perSeconds, burst } = value as Partial<Record<keyof BudgetInUse, unknown>>
  return isText(app) && [requests, perSeconds, burst].every((number) => Number.isFinite(number) && Number(number) > 0)
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}
