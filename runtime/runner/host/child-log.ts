import type { Json, JsonObject } from '../../../crds/v1alpha1/meta.ts'
import { isJsonObject } from '../../../crds/v1alpha1/meta.ts'
import { logRecordIn } from './child-json.ts'
import type { ComponentLogLine } from './host-options.ts'
import type { MaskSecrets } from './mask-secrets.ts'

/** A line of the component's logger, as the shim sends it. */
export function logFromFrame(
  json: string,
  labels: Readonly<Record<string, unknown>>,
  mask: MaskSecrets,
): ComponentLogLine {
  const { level, message, fields } = logRecordIn(json)
  return {
    source: 'logger',
    level: levelName(level),
    message: mask(message),
    fields: { ...maskEntries(fields, mask), ...labels },
  }
}

/** Value by value: in its JSON a secret may be a part of what is written around it. */
function maskJson(value: Json, mask: MaskSecrets): Json {
  if (typeof value === 'string') return mask(value)
  if (typeof value === 'number') return maskNumber(value, mask)
  if (isJsonObject(value)) return maskEntries(value, mask)
  return Array.isArray(value) ? value.map((item: Json) => maskJson(item, mask)) : value
}

function maskEntries(fields: JsonObject, mask: MaskSecrets): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [mask(name), maskJson(value, mask)]))
}

/** A PIN is a secret, too. */
function maskNumber(value: number, mask: MaskSecrets): Json {
  const text = String(value)
  const masked = mask(text)
  return masked === text ? value : masked
}

/** bunyan's numbers: trace 10 to fatal 60. */
function levelName(level: number): ComponentLogLine['level'] {
  if (level >= 50) return 'error'
  if (level >= 40) return 'warn'
  return level >= 30 ? 'info' : 'debug'
}
