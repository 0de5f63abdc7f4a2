import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Response } from './outcome.ts'

/** A component's answer to a webhook's caller: `{statusCode, headers, body}` in any of the vendors' forms. */
export function responseOf(reply: JsonObject): Response {
  const status = Number(reply['statusCode'] ?? reply['status'] ?? 200)
  const isStatus = Number.isInteger(status) && status >= 200 && status <= 599
  const headers = Object.entries((reply['headers'] ?? {}) as JsonObject).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  const body = 'body' in reply ? reply['body'] : reply['data']
  return { status: isStatus ? status : 200, headers: Object.fromEntries(headers), body }
}
