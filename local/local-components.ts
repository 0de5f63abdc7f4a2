import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize, resolve, sep } from 'node:path'
import type { ClusterComponent, Component, ComponentSpec } from '../crds/v1alpha1/component.ts'
import type { ComponentContract } from '../flow/component/component-contract.ts'
import type { ContractIndex } from '../flow/component/contract-index.ts'
import { contractIndex } from '../flow/component/contract-index.ts'
import type { ComponentParts } from '../flow/component/contract-of.ts'
import { contractOf } from '../flow/component/contract-of.ts'
import type { Finding } from '../flow/finding/finding.ts'
import type { Manifest, Manifests } from '../flow/manifest/manifest.ts'
import type { ComponentCodeSource } from '../runtime/runner/runner-parts.ts'
import { readComponentDirectory } from './read-component-directory.ts'

/** The components of a local run: their contracts, and where their code is. */
export interface LocalComponents {
  readonly contracts: ContractIndex
  readonly findings: readonly Finding[]
  /** A directory for the code of each component; inline source is written out at the first question. */
  readonly code: ComponentCodeSource
  /** Removes what was written out. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface ComponentSources {
  /** `--component NAME=DIR`. */
  readonly directories: ReadonlyMap<string, string>
  /** The directory of the components that ship with Weir. */
  readonly catalogue: string
}

type AnyComponent = Manifest<Component> | Manifest<ClusterComponent>

interface Known {
  readonly contract: ComponentContract | undefined
  readonly spec: ComponentSpec
  readonly directory: string | undefined
  readonly findings: readonly Finding[]
}

export async function loadComponents(manifests: Manifests, sources: ComponentSources): Promise<LocalComponents> {
  const catalogue = await catalogueOf(sources.catalogue)
  const given = await Promise.all(
    [...sources.directories].map(([name, directory]) => fromDirectory(name, directory, manifests)),
  )
  const written = [...manifests.components, ...manifests.clusterComponents].map((manifest) => fromManifest(manifest))
  // What is given last wins: the catalogue is the floor, a directory on the command line the last word.
  const known = [...catalogue, ...written, ...given.flat()]
  const byKey = new Map(known.map((one) => [keyOf(one), one]))
  const writer = sourceWriter()
  return {
    contracts: contractIndex(known.flatMap(({ contract }) => contract ?? [])),
    findings: known.flatMap(({ findings }) => findings),
    close: writer.close,
    code: async ({ component }, namespace) => {
      const one =
        byKey.get(`${component.kind}/${component.name}/${namespace}`) ??
        byKey.get(`${component.kind}/${component.name}/`)
      if (one === undefined) throw new Error(`no code for component "${component.name}"`)
      return { directory: one.directory ?? (await writer.write(one)), env: literalEnv(one.spec) }
    },
  }
}

function keyOf({ contract }: Known): string {
  return contract === undefined ? '' : `${contract.kind}/${contract.name}/${contract.namespace ?? ''}`
}

async function catalogueOf(directory: string): Promise<Known[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(names.map((name) => readDirectory({ kind: 'ClusterComponent', name }, join(directory, name))))
}

/** A directory given by name serves as that Component everywhere, and as the ClusterComponent of that name. */
async function fromDirectory(name: string, directory: string, manifests: Manifests): Promise<Known[]> {
  const component = manifests.components.find(({ object }) => object.metadata.name === name)
  const cluster = manifests.clusterComponents.find(({ object }) => object.metadata.name === name)
  const namespace = component?.object.metadata.namespace
  const own = { kind: 'Component', name, ...specOf(component), ...(namespace !== undefined && { namespace }) } as const
  const shared = await readDirectory({ kind: 'ClusterComponent', name, ...specOf(cluster) }, directory)
  // The same files give the same findings; they are told once.
  return [await readDirectory(own, directory), { ...shared, findings: [] }]
}

function specOf(manifest: AnyComponent | undefined): { readonly spec?: ComponentSpec } {
  return manifest === undefined ? {} : { spec: manifest.object.spec }
}

async function readDirectory(parts: Omit<ComponentParts, 'files' | 'directory'>, directory: string): Promise<Known> {
  const root = resolve(directory)
  const problem = await directoryProblem(root)
  const base = { spec: parts.spec ?? {}, directory: root }
  if (problem !== undefined)
    return { ...base, contract: undefined, findings: [notFound(parts.name, directory, problem)] }
  const files = await readComponentDirectory(root)
  const { contract, findings } = contractOf({ ...parts, files, directory })
  return { ...base, contract, findings }
}

async function directoryProblem(directory: string): Promise<string | undefined> {
  try {
    return (await stat(directory)).isDirectory()
      ? undefined
      : 'it is a file; give the directory that holds component.json'
  } catch {
    return 'there is no such directory'
  }
}

function notFound(name: string, file: string, problem: string): Finding {
  return {
    code: 'ComponentDirectoryNotFound',
    severity: 'error',
    file,
    path: '',
    message: `component "${name}": ${problem}`,
  }
}

function fromManifest({ object, file }: AnyComponent): Known {
  const { name, namespace } = object.metadata
  const parts = {
    kind: object.kind,
    name,
    spec: object.spec,
    ...(object.kind === 'Component' && namespace !== undefined && { namespace }),
  }
  const { contract, findings } = contractOf(parts)
  return {
    contract,
    spec: object.spec,
    directory: undefined,
    findings: findings.map((finding) => ({ ...finding, file })),
  }
}

function literalEnv(spec: ComponentSpec): Readonly<Record<string, string>> {
  return Object.fromEntries((spec.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}

interface SourceWriter {
  readonly write: (component: Known) => Promise<string>
  readonly close: () => Promise<void>
}

/** Writes inline source into a private directory, each component once. */
function sourceWriter(): SourceWriter {
  const written = new Map<Known, Promise<string>>()
  let root: Promise<string> | undefined
  const writeOut = async (component: Known): Promise<string> => {
    root ??= mkdtemp(join(tmpdir(), 'weir-source-'))
    const directory = join(await root, String(written.size))
    for (const [name, content] of Object.entries(component.spec.source?.files ?? {})) {
      const file = normalize(join(directory, name))
      if (!file.startsWith(directory + sep)) throw new Error(`source file "${name}" leaves the component's directory`)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
    }
    return directory
  }
  return {
    write: (component) => {
      const known = written.get(component)
      if (known !== undefined) return known
      const writing = writeOut(component)
      written.set(component, writing)
      return writing
    },
    close: async () => {
      if (root !== undefined) await rm(await root, { recursive: true, force: true })
      root = undefined
    },
  }
}
