import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { tenantProcessRules } from '../../runtime/tenants/rules.ts'
import { clusterRules, leadingRules } from '../operator-rules.ts'
import { installObjects } from './decide/install-objects.ts'

const definitions = join(import.meta.dirname, '..', '..', 'crds', 'generated')
const httpPort = 9464
const programs = (['recorder', 'scheduler'] as const).map((role) => ({ role, rules: tenantProcessRules(role) }))
const shutdownSeconds = 30

export interface Manifests {
  readonly image: string
  readonly namespace: string
}

/** All that `kubectl apply --server-side` needs to have Weir, as one text: the definitions of its kinds, the operator, and those who work for all namespaces. */
export async function manifestsText({ image, namespace }: Manifests): Promise<string> {
  const names = (await readdir(definitions)).filter((name) => name.endsWith('.yaml')).toSorted()
  const kinds = await Promise.all(names.map((name) => readFile(join(definitions, name), 'utf8')))
  const objects = installObjects({
    image,
    namespace,
    clusterRules,
    leadingRules,
    programs,
    httpPort,
    shutdownSeconds,
  })
  return [...kinds, ...objects.map((object) => stringify(object, { aliasDuplicateObjects: false }))].join('---\n')
}

/** The same into a file, whose directory is made. */
export async function writeManifests(file: string, manifests: Manifests): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, await manifestsText(manifests))
}
