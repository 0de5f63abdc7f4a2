import type { JsonObject } from '../../../crds/v1alpha1/meta.ts'

/** What of a schema tells how long a body can take. */
export interface SchemaCost {
  readonly characters: number
  /** A place of the schema may be met several times for one place of a body, or take more than one look at it. */
  readonly isUnbounded: boolean
}

/** References double work at each level, `uniqueItems` compares all with all, and a pattern's work depends on its repeats. */
const costly = ['"$ref"', '"$recursiveRef"', '"$dynamicRef"', '"uniqueItems"', '"pattern"', '"patternProperties"']

export function schemaCost(schema: JsonObject): SchemaCost {
  const text = JSON.stringify(schema)
  return { characters: text.length, isUnbounded: costly.some((keyword) => text.includes(keyword)) }
}

/** At some nanoseconds each, a few milliseconds. */
const mostPairs = 500_000

/** Whether a body is judged in no time: without references each place of a schema looks once, at most, at each place of a body. */
export function isCheap({ characters, isUnbounded }: SchemaCost, bodyBytes: number): boolean {
  return !isUnbounded && characters * Math.max(1, bodyBytes) <= mostPairs
}
