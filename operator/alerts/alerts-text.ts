import { stringify } from 'yaml'
import { alertGroups } from './alert-rules.ts'

const asIs = { lineWidth: 0, aliasDuplicateObjects: false }

/** A file of rules, as Prometheus itself reads it. */
export function alertsText(): string {
  return stringify({ groups: alertGroups }, asIs)
}

/** The same for the Prometheus operator. */
export function prometheusRuleText(namespace: string): string {
  const labels = { 'app.kubernetes.io/name': 'weir', 'app.kubernetes.io/managed-by': 'weir' }
  const metadata = { name: 'weir', namespace, labels }
  return stringify(
    { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata, spec: { groups: alertGroups } },
    asIs,
  )
}
