import { z } from 'zod'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { Finding } from '../finding/finding.ts'
import { formatPath } from '../finding/finding.ts'
import type { Dialect, FunctionContract, Isolation } from './component-contract.ts'
import { defined } from './defined.ts'
import { configSchemaOf } from './field-schema.ts'
import { parseJson } from './parse-json.ts'

/** What a component says of itself in its component.json. */
export interface ComponentDeclaration {
  readonly title?: string
  readonly description?: string
  /** By name. */
  readonly functions: Readonly<Record<string, FunctionContract>>
  /** Ours, under `weir`; vendors have none. */
  readonly dialect?: Dialect
  readonly isolation?: Isolation
}

export interface ReadComponentJson {
  /** Undefined when nothing can be made of it. */
  readonly declaration?: ComponentDeclaration
  readonly findings: readonly Finding[]
}

interface ReadOptions {
  /** The name for findings; `component.json` by default. */
  readonly file?: string
  /** The component's other files, for schemas that are given by their path. */
  readonly files?: Readonly<Record<string, string>>
}

/**
 * Reads a component.json, as the text or what it parses to. It takes all that vendors write: unknown keys, wrong types in
 * what nobody needs, an action hidden behind a trigger of the same name. A function without `main` cannot be called and is left out.
 */
export function parseComponentJson(input: unknown, options: ReadOptions = {}): ReadComponentJson {
  const file = options.file ?? 'component.json'
  const parsed = typeof input === 'string' ? parseJson(input, file) : { value: input, findings: [] }
  if (parsed.findings.length > 0) return { findings: parsed.findings }
  if (isDeeperThan(parsed.value, mostLevels)) return { findings: [tooDeep(file)] }
  const result = componentJson.safeParse(parsed.value)
  if (!result.success) return { findings: result.error.issues.map((issue) => findingOf(issue, file)) }
  return declarationOf(result.data, file, options.files ?? {})
}

const text = z.string().optional().catch(undefined)
// What is in it was JSON before; to look at all of it again would only cost time and stack.
const object = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
const loose = object.optional().catch(undefined)
const schema = z.union([z.string(), object]).optional().catch(undefined)
const dialect = z.enum(['auto', 'oih', 'elasticio']).optional()

const functionJson = z.looseObject({
  main: text,
  title: text,
  description: text,
  fields: loose,
  metadata: z.looseObject({ in: schema, out: schema }).optional().catch(undefined),
  // From here on ours.
  emits: z.enum(['one', 'many']).optional(),
  snapshot: z.boolean().optional(),
  checkpoint: z.boolean().optional(),
  credentialTypes: z.array(z.string()).optional(),
  config: schema,
  input: schema,
  output: schema,
})

const componentJson = z.looseObject({
  title: text,
  description: text,
  triggers: z.record(z.string(), functionJson).nullish(),
  actions: z.record(z.string(), functionJson).nullish(),
  weir: z.strictObject({ dialect, isolation: z.enum(['process', 'shared']).optional() }).optional(),
})

type ComponentJson = z.infer<typeof componentJson>
type FunctionJson = z.infer<typeof functionJson>

const mostLevels = 100

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((one) => isDeeperThan(one, levels - 1))
}

function tooDeep(file: string): Finding {
  const message = `it is nested more than ${mostLevels} levels deep: make it flatter`
  return { code: 'ComponentJsonInvalid', severity: 'error', message, file, path: '' }
}

function findingOf(issue: z.core.$ZodIssue, file: string): Finding {
  const path = formatPath(issue.path.map((part) => (typeof part === 'number' ? part : String(part))))
  const message = `${path === '' ? 'component.json' : path}: ${issue.message}`
  return { code: 'ComponentJsonInvalid', severity: 'error', message, file, path }
}

function declarationOf(json: ComponentJson, file: string, files: Readonly<Record<string, string>>): ReadComponentJson {
  const entries = functionEntries(json)
  const callable = entries.flatMap(({ name, kind, json: own }) => {
    const main = own.main ?? ''
    return main === '' ? [] : [[name, functionContract({ name, kind, main }, own, files)] as const]
  })
  const { title, description, weir = {} } = json
  const dialect = weir.dialect === 'auto' ? undefined : weir.dialect
  const declaration: ComponentDeclaration = {
    functions: Object.fromEntries(callable),
    ...defined({ title, description, dialect, isolation: weir.isolation }),
  }
  const findings = entries.filter((entry) => (entry.json.main ?? '') === '').map((entry) => withoutMain(entry, file))
  return { declaration, findings }
}

interface FunctionEntry {
  readonly name: string
  readonly kind: FunctionContract['kind']
  readonly json: FunctionJson
}

/** Triggers win over an action of the same name, as in the original runtimes. */
function functionEntries({ triggers, actions }: ComponentJson): FunctionEntry[] {
  const byName = new Map<string, FunctionEntry>()
  for (const [name, json] of Object.entries(triggers ?? {})) byName.set(name, { name, kind: 'trigger', json })
  for (const [name, json] of Object.entries(actions ?? {})) {
    if (!byName.has(name)) byName.set(name, { name, kind: 'action', json })
  }
  return [...byName.values()]
}

function withoutMain({ name, kind }: FunctionEntry, file: string): Finding {
  const path = formatPath([`${kind}s`, name])
  const message = `the ${kind} "${name}" cannot be called: give the file that holds it in "main"`
  return { code: 'FunctionWithoutMain', severity: 'warning', message, file, path }
}

function functionContract(
  base: Pick<FunctionContract, 'name' | 'kind' | 'main'>,
  json: FunctionJson,
  files: Readonly<Record<string, string>>,
): FunctionContract {
  const { title, description, emits = 'many', checkpoint = false, credentialTypes } = json
  return {
    ...base,
    emits,
    snapshot: json.snapshot ?? base.kind === 'trigger',
    checkpoint,
    ...defined({
      title,
      description,
      credentialTypes,
      config: schemaOf(json.config, files) ?? configSchemaOf(json.fields),
      input: schemaOf(json.input ?? json.metadata?.in, files),
      output: schemaOf(json.output ?? json.metadata?.out, files),
    }),
  }
}

/** A schema in line, or in a file that is at hand. One that is missing or broken is none: the component runs without it. */
function schemaOf(
  given: string | JsonObject | undefined,
  files: Readonly<Record<string, string>>,
): JsonObject | undefined {
  if (typeof given !== 'string') return given
  const path = given.replace(/^\.\//, '')
  if (!Object.hasOwn(files, path)) return undefined
  const parsed = object.safeParse(parseJson(files[path] ?? '', path).value)
  return parsed.success && !isDeeperThan(parsed.data, mostLevels) ? parsed.data : undefined
}
