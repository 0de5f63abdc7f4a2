import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { tenantProcessRules } from '../../runtime/tenants/rules.ts'
import { alertsText, prometheusRuleText } from '../alerts/alerts-text.ts'
import { clusterRules, leadingRules } from '../operator-rules.ts'
import { catalogue } from './catalogue.ts'
import { installObjects } from './decide/install-objects.ts'

const definitions = join(import.meta.dirname, '..', '..', 'crds', 'generated')
const httpPort = 9464
const hooksPort = 8080
const programs = (['recorder', 'scheduler', 'gateway'] as const).map((role) => ({
  role,
  rules: tenantProcessRules(role),
  ...(role === 'gateway' && { hooksPort }),
}))
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

/** What has code of its own, for flows of all namespaces, as one text; to be applied when the kinds are known. */
export async function catalogueText(): Promise<string> {
  return (await catalogue()).map((component) => stringify(component)).join('---\n')
}

/** Into files of a directory, which is made: `install.yaml`, `catalogue.yaml`, and rules for alarms as `prometheus-rule.yaml` and `alerts.yaml`. Gives their paths. */
export async function writeManifests(directory: string, manifests: Manifests): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true })
  const texts = {
    'install.yaml': await manifestsText(manifests),
    'catalogue.yaml': await catalogueText(),
    // In files of their own: not every cluster has the Prometheus operator, nor every Prometheus.
    'prometheus-rule.yaml': prometheusRuleText(manifests.namespace),
    'alerts.yaml': alertsText(),
  }
  const files = Object.entries(texts).map(([name, text]) => ({ file: join(directory, name), text }))
  for (const { file, text } of files) await writeFile(file, text)
  return files.map(({ file }) => file)
}
