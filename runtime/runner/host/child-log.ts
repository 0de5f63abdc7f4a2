import { logRecordIn } from './child-json.ts'
import type { ComponentLogLine } from './host-options.ts'
import { redact, redactJson } from './redact.ts'

/** A line of the component's logger, as the shim sends it. */
export function logFromFrame(
  json: string,
  labels: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): ComponentLogLine {
  const { level, message, fields } = logRecordIn(json)
  return {
    source: 'logger',
    level: levelName(level),
    message: redact(message, secrets),
    fields: { ...(JSON.parse(redactJson(JSON.stringify(fields), secrets)) as Record<string, unknown>), ...labels },
  }
}

/** bunyan's numbers: trace 10 to fatal 60. */
function levelName(level: number): ComponentLogLine['level'] {
  if (level >= 50) return 'error'
  if (level >= 40) return 'warn'
  return level >= 30 ? 'info' : 'debug'
}
