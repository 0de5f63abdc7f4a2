import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ClusterComponent, Component, ComponentSpec } from '../crds/v1alpha1/component.ts'
import type { ComponentContract } from '../flow/component/component-contract.ts'
import type { ComponentReference, ContractIndex } from '../flow/component/contract-index.ts'
import { contractIndex } from '../flow/component/contract-index.ts'
import { contractOf } from '../flow/component/contract-of.ts'
import type { Finding } from '../flow/finding/finding.ts'
import type { Manifest, Manifests } from '../flow/manifest/manifest.ts'
import { PermanentError } from '../runtime/error.ts'
import type { ComponentCodeSource } from '../runtime/runner/runner-parts.ts'
import { componentEnv } from './component-env.ts'
import { fileProblem } from './file-problem.ts'
import { localFinding } from './local-finding.ts'
import type { ComponentTexts } from './read-component-directory.ts'
import { readComponentDirectory } from './read-component-directory.ts'
import { sourceWriter } from './source-writer.ts'

/** The components of a local run: their contracts, and where their code is. */
export interface LocalComponents {
  readonly contracts: ContractIndex
  readonly findings: readonly Finding[]
  /** Names of components that were given as directories that cannot be read. */
  readonly unreadable: readonly string[]
  /** Where a step of the namespace finds its component. */
  readonly find: (reference: ComponentReference, namespace: string) => LocalComponent | undefined
  /** A directory for the code of each component; inline source is written out at the first question. */
  readonly code: ComponentCodeSource
  /** Removes what was written out. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface LocalComponent {
  readonly kind: ComponentReference['kind']
  readonly name: string
  /** Undefined for one that is known in every namespace. */
  readonly namespace?: string
  readonly spec: ComponentSpec
  /** Undefined while nothing tells its functions: an image is given, and its code is elsewhere. */
  readonly contract: ComponentContract | undefined
  /** Of its code; undefined for inline source and for an image. */
  readonly directory: string | undefined
}

export interface ComponentSources {
  /** `--component NAME=DIR`. */
  readonly directories: ReadonlyMap<string, string>
  /** The directory of the components that ship with Weir; undefined where they are not to be had. */
  readonly catalogue: string | undefined
}

/** Reads all components that the manifests and the sources give; what cannot be read is a finding. */
export async function loadComponents(manifests: Manifests, sources: ComponentSources): Promise<LocalComponents> {
  const catalogue = await fromCatalogue(sources.catalogue)
  const written = [...manifests.components, ...manifests.clusterComponents].map(fromManifest)
  const given = await Promise.all(
    [...sources.directories].map(([name, directory]) => fromDirectory(name, directory, written)),
  )
  // What is given last wins: the catalogue is the floor, a directory on the command line the last word.
  const read = [...catalogue, ...written, ...given.flat()]
  const components = read.map(({ component }) => component)
  const byKey = new Map(components.map((component) => [keyOf(component, component.namespace ?? everywhere), component]))
  const find: LocalComponents['find'] = (reference, namespace) =>
    byKey.get(keyOf(reference, namespace)) ?? byKey.get(keyOf(reference, everywhere))
  const writer = sourceWriter()
  return {
    contracts: contractIndex(components.flatMap(({ contract }) => contract ?? [])),
    findings: read.flatMap(({ findings }) => findings),
    unreadable: components.filter(isUnreadable).map(({ name }) => name),
    find,
    close: writer.close,
    code: async (step, namespace) => {
      const component = find(step.component, namespace)
      if (component === undefined || !hasCode(component)) throw withoutCode(step.component)
      const { values } = componentEnv(component.spec.env ?? [], { secrets: manifests.secrets, namespace })
      return { directory: component.directory ?? (await writer.directoryOf(component.spec)), env: values }
    },
  }
}

/** An image does not run here. */
export function hasCode({ directory, spec }: LocalComponent): boolean {
  return directory !== undefined || spec.source !== undefined
}

function isUnreadable({ contract, directory }: LocalComponent): boolean {
  return contract === undefined && directory !== undefined
}

interface ReadComponent {
  readonly component: LocalComponent
  readonly findings: readonly Finding[]
}

const everywhere = ''

function keyOf({ kind, name }: ComponentReference, namespace: string): string {
  return `${kind}/${namespace}/${name}`
}

function withoutCode({ kind, name }: ComponentReference): PermanentError {
  return new PermanentError('ComponentNotFound', `there is no code for the ${kind} "${name}"`)
}

async function fromCatalogue(directory: string | undefined): Promise<ReadComponent[]> {
  if (directory === undefined) return []
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.map(async (name) => {
      const component = { kind: 'ClusterComponent', name, spec: {} } as const
      const path = join(directory, name)
      return inDirectory(component, path, await readTexts(name, path))
    }),
  )
}

function fromManifest({ object, file }: Manifest<Component> | Manifest<ClusterComponent>): ReadComponent {
  const { kind, metadata, spec } = object
  const { name } = metadata
  const namespace = kind === 'Component' ? { namespace: metadata.namespace ?? 'default' } : {}
  const { contract, findings } = contractOf({ kind, name, ...namespace, spec })
  const component = { kind, name, ...namespace, spec, contract, directory: undefined }
  return { component, findings: findings.map((finding) => ({ ...finding, file })) }
}

/** A directory that is given by name serves as the Component of that name in every namespace, and as the ClusterComponent. */
async function fromDirectory(
  name: string,
  directory: string,
  written: readonly ReadComponent[],
): Promise<ReadComponent[]> {
  const texts = await readTexts(name, directory)
  const declared = written.map(({ component }) => component).filter((component) => component.name === name)
  const free = [
    { kind: 'Component', name, spec: {} },
    { kind: 'ClusterComponent', name, spec: {} },
  ] as const
  const all = [...free.filter(({ kind }) => !isClusterDeclared(kind, declared)), ...declared]
  const [first, ...rest] = all.map((component) => inDirectory(component, directory, texts))
  // The same files give the same findings; they are told once.
  return [...(first === undefined ? [] : [first]), ...rest.map(({ component }) => ({ component, findings: [] }))]
}

/** What a manifest says of the ClusterComponent holds for the directory, too; Components have a namespace, and leave the others free. */
function isClusterDeclared(kind: ComponentReference['kind'], declared: readonly LocalComponent[]): boolean {
  return kind === 'ClusterComponent' && declared.some((component) => component.kind === kind)
}

type Texts =
  | { readonly kind: 'texts'; readonly texts: ComponentTexts }
  | { readonly kind: 'unreadable'; readonly finding: Finding }

async function readTexts(name: string, directory: string): Promise<Texts> {
  try {
    return { kind: 'texts', texts: await readComponentDirectory(resolve(directory)) }
  } catch (error) {
    const isFile = error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
    const reason = isFile ? 'it is a file; name the directory that holds component.json' : fileProblem(error)
    const message = `component "${name}": ${reason}`
    return { kind: 'unreadable', finding: localFinding('ComponentDirectory', message, { file: directory }) }
  }
}

type Declared = Pick<LocalComponent, 'kind' | 'name' | 'namespace' | 'spec'>

function inDirectory(declared: Declared, directory: string, read: Texts): ReadComponent {
  const { kind, name, namespace, spec } = declared
  const own = { kind, name, spec, ...(namespace !== undefined && { namespace }) }
  const component = { ...own, directory: resolve(directory) }
  if (read.kind === 'unreadable') {
    return { component: { ...component, contract: undefined }, findings: [read.finding] }
  }
  const { contract, findings } = contractOf({ ...own, files: read.texts, directory })
  return { component: { ...component, contract }, findings }
}
