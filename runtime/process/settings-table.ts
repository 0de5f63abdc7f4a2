import type { z } from 'zod'
import { recorderSchema, runnerSchema } from './settings.ts'

/** The variables of both processes as a page shows them: a row each, what the runner alone has marked so. */
export function settingsTable(): readonly string[] {
  const shared = new Set(Object.keys(recorderSchema.shape))
  return Object.entries<z.ZodType>(runnerSchema.shape).map(([name, field]) => {
    const owner = shared.has(name) ? 'both' : 'runner'
    return `| \`${name}\` | ${owner} | ${defaultOf(field)} | ${field.description ?? ''} |`
  })
}

function defaultOf(field: z.ZodType): string {
  const result = field.safeParse(undefined)
  if (!result.success) return 'required'
  return typeof result.data === 'string' || typeof result.data === 'number' ? `\`${result.data}\`` : ''
}
