import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tenantProcessRules } from '../../runtime/tenants/rules.ts'
import { loginSecretName, type TenantRole } from '../../runtime/tenants/tenant-logins.ts'
import { gatewayRole } from './decide/gateway-role.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operator.md'), 'utf8')
const access = { credentials: ['a'], secrets: ['b'] }
const whichOf: Readonly<Record<string, string>> = {
  credentials: 'those that webhooks name',
  secrets: 'those of these Credentials',
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

function rowsOf(who: string, rules: readonly Rule[], which: (rule: Rule) => string): readonly string[] {
  return rules.map((rule) => {
    const [group = ''] = rule.apiGroups
    const cells = [who, `\`${group === '' ? 'core' : group}\``, `\`${rule.resources.join()}\``, which(rule)]
    return `| ${[...cells, rule.verbs.join(', ')].join(' | ')} |`
  })
}

it.each<TenantRole>(['recorder', 'scheduler', 'gateway'])('the page of the operator has what a %s may do', (role) => {
  const which = ({ resourceNames }: Rule): string => {
    if (resourceNames === undefined) return 'all'
    expect(resourceNames).toEqual([loginSecretName(role)])
    return 'the one with its own name'
  }
  const granted = (gatewayRole('shop', access)?.['rules'] ?? []) as readonly Rule[] // as it is applied
  const wanted = [
    ...rowsOf('each', tenantProcessRules(role), which),
    ...rowsOf('gateway, by the Role `weir-gateway`', granted, ({ resources }) => whichOf[resources.join()] ?? ''),
  ]
  const rows = page.split('\n').filter((line) => /^\| (?:each|gateway, by[^|]*?) +\| `/.test(line))
  expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual(wanted)
})
