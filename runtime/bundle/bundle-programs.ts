import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Metafile } from 'esbuild'
import { build as bundle } from 'esbuild'
import { bundlePath as shimPath } from '../shim/bundle-shim.ts'
import { compilePrograms, writeDoor } from './compile-programs.ts'
import { lateModules, latePackageFile, latePackages } from './late-modules.ts'

/** Where the programs lie below the directory: two deep, so that they find the shim by the relative path that their sources have. */
export const programsDirectory = 'runtime/programs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const entries = {
  runner: 'runtime/runner-main.ts',
  recorder: 'runtime/recorder-main.ts',
  operator: 'operator/operator-main.ts',
  'cluster-gateway': 'runtime/cluster-gateway-main.ts',
  'cluster-recorder': 'runtime/cluster-recorder-main.ts',
  'cluster-scheduler': 'runtime/cluster-scheduler-main.ts',
} as const
type EntryName = keyof typeof entries
type Outputs = Metafile['outputs']
const entryNames = Object.keys(entries) as EntryName[] // its own
/** What is started for a message is by itself: what it had in common with others would be twice as many files to load, half a millisecond each. */
const together: readonly (readonly EntryName[])[] = [['runner'], entryNames.filter((name) => name !== 'runner')]
/** Those of which many are started; the others are one pod for months. */
const compiled = ['runner', 'recorder']

/** What a module of CommonJS asks for by name is there as in any other module. */
const banner = `import { createRequire as createRequireHere } from 'node:module'
const require = createRequireHere(import.meta.url)`

/** Drivers look for these and do without; they are not among our dependencies. */
const optional = [
  '@aws-sdk/credential-providers',
  '@mongodb-js/zstd',
  'gcp-metadata',
  'kerberos',
  'mongodb-client-encryption',
  'snappy',
]

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Names of functions and lines of stack traces stay readable.
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: false,
  legalComments: 'linked',
  logLevel: 'error',
} as const satisfies BuildOptions

export interface BundledPrograms {
  /** Of files below the directory, by program: what is loaded at its start, without what it may load later. */
  readonly files: Readonly<Record<string, readonly string[]>>
}

/**
 * Runner, recorder, operator and those for all namespaces in a directory of their own, without node_modules: what they load at their start is in a few files,
 * what is loaded only when it is needed (MongoDB's driver, OpenTelemetry) in others, the shim and what Node has compiled of all beside them.
 * What the directory held is gone.
 */
export async function bundlePrograms(directory: string): Promise<BundledPrograms> {
  const outdir = join(directory, programsDirectory)
  await rm(directory, { recursive: true, force: true })
  const outputs: Outputs = {}
  for (const names of together) Object.assign(outputs, await bundleTogether(names, outdir))
  for (const name of latePackages) {
    await bundle({ ...common, entryPoints: [name], outfile: join(outdir, latePackageFile(name)), format: 'cjs' })
  }
  const shimDirectory = join(directory, 'shim')
  await mkdir(shimDirectory, { recursive: true })
  await copyFile(shimPath, join(shimDirectory, 'bundled-main.cjs'))
  for (const name of entryNames) await writeDoor(outdir, name, `${name}-main.mjs`)
  await compilePrograms(outdir, compiled)
  const loaded = entryNames.map((name) => {
    const entry = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entries[name])?.[0] ?? ''
    return [name, loadedBy(entry, outputs)] as const
  })
  return { files: Object.fromEntries(loaded) }
}

async function bundleTogether(names: readonly EntryName[], outdir: string): Promise<Outputs> {
  const { metafile } = await bundle({
    ...common,
    entryPoints: Object.fromEntries(names.map((name) => [`${name}-main`, entries[name]])),
    outdir,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    format: 'esm',
    banner: { js: banner },
    external: optional,
    plugins: [lateModules],
    metafile: true,
  })
  return metafile.outputs
}

/** A file and what it imports at once, and so on. */
function loadedBy(entry: string, outputs: Outputs): readonly string[] {
  const loaded = new Set([entry])
  for (const file of loaded) {
    for (const { path, kind } of outputs[file]?.imports ?? []) {
      if (kind === 'import-statement' && outputs[path] !== undefined) loaded.add(path)
    }
  }
  return [...loaded]
}
