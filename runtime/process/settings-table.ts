import type { Field } from './settings-field.ts'
import { recorderFields, runnerFields } from './settings.ts'

/** The variables of both processes as a page shows them: a row each, what the runner alone has marked so. */
export function settingsTable(): readonly string[] {
  return Object.entries<Field<unknown>>(runnerFields).map(([name, { absent, description }]) => {
    const owner = Object.hasOwn(recorderFields, name) ? 'both' : 'runner'
    return `| \`${name}\` | ${owner} | ${defaultOf(absent)} | ${description} |`
  })
}

function defaultOf(absent: Field<unknown>['absent']): string {
  if ('mistake' in absent) return 'required'
  return typeof absent.value === 'string' || typeof absent.value === 'number' ? `\`${absent.value}\`` : ''
}
