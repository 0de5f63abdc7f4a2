import type { ComponentFunction, ComponentSpec } from '../../crds/v1alpha1/component.ts'
import type { Finding } from '../finding/finding.ts'
import type { ComponentContract, Dialect, FunctionContract, Isolation } from './component-contract.ts'
import { defined } from './defined.ts'
import { detectDialect } from './detect-dialect.ts'
import type { ComponentDeclaration, ReadComponentJson } from './read-component-json.ts'
import { parseComponentJson } from './read-component-json.ts'
import { sourceFunctions } from './source-contract.ts'

/** All that is known of a component: its resource, its code's texts, or both. */
interface ComponentParts {
  readonly kind: ComponentContract['kind']
  readonly name: string
  /** Without one a Component is known in every namespace. */
  readonly namespace?: string
  readonly spec?: ComponentSpec
  /**
   * Texts of a component directory: path from its root to content, with its component.json, package.json and sources,
   * without node_modules. Left out, those of `spec.source` count.
   */
  readonly files?: Readonly<Record<string, string>>
  /** Name of the directory for findings; its component.json is `<directory>/component.json`. */
  readonly directory?: string
}

interface ContractResult {
  /** Undefined when the functions are not known: nothing was found, or only an image is given, and its code is elsewhere. */
  readonly contract?: ComponentContract
  readonly findings: readonly Finding[]
}

/** Puts a contract together. What the resource says wins over what is read from the code, a function's field by field. */
export function contractOf(parts: ComponentParts): ContractResult {
  const { kind, name, namespace, spec = {} } = parts
  const files = parts.files ?? spec.source?.files ?? {}
  const { declaration, findings } = readCode(parts, files)
  const functions = mergedFunctions(declaration?.functions, spec.functions)
  if (declaration === undefined && Object.keys(functions).length === 0) return { findings }
  const dialect = chosenDialect(spec, declaration) ?? detectDialect(files, Object.values(functions))
  const isolation = chosenIsolation(spec, declaration)
  return { contract: { kind, name, ...defined({ namespace }), dialect, isolation, functions }, findings }
}

function chosenDialect(spec: ComponentSpec, declaration: ComponentDeclaration | undefined): Dialect | undefined {
  return spec.dialect === undefined || spec.dialect === 'auto' ? declaration?.dialect : spec.dialect
}

function chosenIsolation(spec: ComponentSpec, declaration: ComponentDeclaration | undefined): Isolation {
  return spec.isolation ?? declaration?.isolation ?? 'process'
}

function readCode(parts: ComponentParts, files: Readonly<Record<string, string>>): ReadComponentJson {
  const file = parts.directory === undefined ? 'component.json' : `${parts.directory}/component.json`
  if (Object.hasOwn(files, 'component.json')) return parseComponentJson(files['component.json'], { file, files })
  if (parts.files === undefined) return readSource(parts.spec)
  // The resource may name every function itself; then nothing is missing.
  if ((parts.spec?.functions ?? []).length > 0) return { findings: [] }
  return { findings: [missingComponentJson(parts.directory ?? parts.name, file)] }
}

function readSource(spec: ComponentSpec | undefined): ReadComponentJson {
  const files = spec?.source?.files
  return files === undefined ? { findings: [] } : { declaration: { functions: sourceFunctions(files) }, findings: [] }
}

function missingComponentJson(directory: string, file: string): Finding {
  const message = `${directory} has no component.json: name the component's functions there, as {"actions": {"NAME": {"main": "./NAME.js"}}}`
  return { code: 'ComponentJsonMissing', severity: 'error', message, file, path: '' }
}

function mergedFunctions(
  read: Readonly<Record<string, FunctionContract>> = {},
  explicit: readonly ComponentFunction[] = [],
): Readonly<Record<string, FunctionContract>> {
  const merged = new Map(Object.entries(read))
  for (const own of explicit) merged.set(own.name, mergedFunction(merged.get(own.name), own))
  return Object.fromEntries(merged)
}

function mergedFunction(read: FunctionContract | undefined, own: ComponentFunction): FunctionContract {
  return { main: '', emits: 'many', snapshot: own.kind === 'trigger', checkpoint: false, ...read, ...own }
}
