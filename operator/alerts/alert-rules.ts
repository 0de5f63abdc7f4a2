/** One alert, as Prometheus has it. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  /** The expression has to hold for so long. */
  readonly for: string
  readonly labels: { readonly severity: 'critical' | 'warning' }
  readonly annotations: { readonly summary: string; readonly description: string }
}

export interface AlertGroup {
  readonly name: string
  readonly rules: readonly AlertRule[]
}

const step = 'namespace, flow, step'
const place = '{{ $labels.namespace }}/{{ $labels.flow }}, step {{ $labels.step }}'
/** Other operators have metrics of the same names. */
const ours = 'leader_election_master_status{name="weir-operator"}'

/** What somebody has to look at. Numbers are those of the page about operations; a group for each program. */
export const alertGroups: readonly AlertGroup[] = [
  {
    name: 'weir-servers',
    rules: [
      critical('WeirBrokerUnavailable', {
        expr: 'weir_broker_ready == 0',
        for: '1m',
        summary: 'RabbitMQ takes and gives no messages.',
        description:
          '{{ $labels.instance }} cannot work with RabbitMQ: it is down, refuses the login, or has an alarm of its memory or disk.',
      }),
      critical('WeirStoreUnavailable', {
        expr: 'weir_store_ready == 0',
        for: '1m',
        summary: 'MongoDB does not answer.',
        description:
          '{{ $labels.instance }} cannot work with MongoDB. Steps without snapshot, deduplication and large bodies go on.',
      }),
    ],
  },
  {
    name: 'weir-messages',
    rules: [
      warning('WeirDeadLetters', {
        expr: `sum by (${step}) (increase(weir_messages_dead_total[10m])) > 0`,
        for: '0m',
        summary: 'Messages became dead letters.',
        description: `{{ $value | printf "%.0f" }} of ${place} in ten minutes. See: weir dead-letters list.`,
      }),
      warning('WeirManyRetries', {
        expr: `sum by (${step}) (rate(weir_messages_retried_total[10m])) > 0.1 * sum by (${step}) (rate(weir_messages_received_total[10m]))`,
        for: '15m',
        summary: 'More than a tenth of the deliveries fail and are tried again.',
        description: `${place}: an application at the other end is in trouble.`,
      }),
      warning('WeirGivenBack', {
        expr: `sum by (${step}) (increase(weir_messages_given_back_total[10m])) > 0`,
        for: '30m',
        summary: 'Deliveries go back to their queue again and again.',
        description: `${place}: no place for processes, or a broker or store that does not answer.`,
      }),
      warning('WeirBacklog', {
        expr: `max by (${step}) (weir_queue_messages_ready) > 5000`,
        for: '15m',
        summary: 'A queue is half full: sources stop at 10,000.',
        description: `{{ $value }} messages wait at ${place}.`,
      }),
      warning('WeirBacklogGrows', {
        expr: `max by (${step}) (min_over_time(weir_queue_messages_ready[30m])) > 100 and max by (${step}) (deriv(weir_queue_messages_ready[30m])) > 0`,
        for: '30m',
        summary: 'More messages come than a step works on.',
        description: `${place} has had a backlog that grows for an hour.`,
      }),
      warning('WeirOldRun', {
        expr: `max by (${step}) (weir_oldest_run_age_seconds) > 86400`,
        for: '5m',
        summary: 'A message of a run that began more than a day ago is still under way.',
        description: `${place}. Where runs wait longer on purpose, silence it by its labels.`,
      }),
      warning('WeirRateBudgetUnknown', {
        expr: 'sum by (namespace, app) (increase(weir_rate_budget_unknown_total[10m])) > 0',
        for: '10m',
        summary: 'Steps of an App with a rate budget stand: the store does not answer.',
        description: 'App {{ $labels.app }} in {{ $labels.namespace }}.',
      }),
    ],
  },
  {
    name: 'weir-recorder',
    rules: [
      critical('WeirUnrouted', {
        expr: 'max by (namespace, queue) (weir_recorder_queue_messages_ready{queue=~"unrouted|dead"}) > 0',
        for: '5m',
        summary: 'Messages that lost their target, or dead letters, are not taken.',
        description:
          'Queue {{ $labels.queue }} has had {{ $value }} messages for five minutes: is a recorder there, and may it consume?',
      }),
      warning('WeirRecorderBehind', {
        expr: 'max by (namespace, queue) (weir_recorder_queue_messages_ready{queue="events"}) > 400',
        for: '5m',
        summary: 'Records of runs wait to be written; the oldest go at 500 batches.',
        description: 'Messages are not affected. Is MongoDB slow?',
      }),
      warning('WeirRecorderLate', {
        expr: 'max by (namespace) (weir_recorder_lag_seconds) > 60',
        for: '10m',
        summary: 'Records of runs are written more than a minute late.',
        description: 'Messages are not affected. Is MongoDB slow?',
      }),
      warning('WeirObservationsDropped', {
        expr: 'sum by (namespace) (increase(weir_observations_dropped_total[15m])) > 0',
        for: '0m',
        summary: 'Records of runs have gaps.',
        description: '{{ $value | printf "%.0f" }} were dropped in a quarter of an hour. Messages have no gaps.',
      }),
      critical('WeirRecorderMissing', {
        expr: 'absent(weir_recorder_queue_messages_ready)',
        for: '10m',
        summary: 'No recorder is there, or none can ask RabbitMQ.',
        description: 'Dead letters and what lost its target wait in their queues, where nobody sees them.',
      }),
    ],
  },
  {
    name: 'weir-operator',
    rules: [
      critical('WeirOperatorMissing', {
        expr: `absent(${ours} == 1)`,
        for: '5m',
        summary: 'No operator leads.',
        description: 'Messages go on; edits, scaling from zero and the renewal of tokens wait.',
      }),
      warning('WeirReconcileErrors', {
        expr: `sum by (controller) (rate(controller_runtime_reconcile_errors_total[10m]) and on (instance) ${ours}) > 0.05`,
        for: '15m',
        summary: 'The operator fails again and again.',
        description: 'Controller {{ $labels.controller }}: its log says why.',
      }),
      critical('WeirReconcilePanic', {
        expr: `sum by (controller) (increase(controller_runtime_reconcile_panics_total[10m]) and on (instance) ${ours}) > 0`,
        for: '0m',
        summary: 'A mistake in the operator.',
        description: 'Controller {{ $labels.controller }}: please report what its log says.',
      }),
      warning('WeirCredentialNotReady', {
        expr: 'max by (namespace, credential) (weir_credential_ready) == 0',
        for: '10m',
        summary: 'A credential does not work.',
        description:
          '{{ $labels.namespace }}/{{ $labels.credential }}: its status says what is missing. Messages that need it wait.',
      }),
      warning('WeirCredentialExpires', {
        expr: 'min by (namespace, credential) (weir_credential_expires_timestamp_seconds{renewal="manual"}) - time() < 7 * 86400',
        for: '5m',
        summary: 'A credential expires within a week, and nobody renews it by itself.',
        description: '{{ $labels.namespace }}/{{ $labels.credential }} expires in {{ $value | humanizeDuration }}.',
      }),
      critical('WeirTokenNotRenewed', {
        expr: 'min by (namespace, credential) (weir_credential_expires_timestamp_seconds{renewal="automatic"}) - time() < 60',
        for: '5m',
        summary: 'A token was not renewed before its end.',
        description: '{{ $labels.namespace }}/{{ $labels.credential }}: its status says why.',
      }),
    ],
  },
]

interface Words {
  readonly expr: string
  readonly for: string
  readonly summary: string
  readonly description: string
}

function critical(alert: string, words: Words): AlertRule {
  return ruleOf(alert, 'critical', words)
}

function warning(alert: string, words: Words): AlertRule {
  return ruleOf(alert, 'warning', words)
}

function ruleOf(alert: string, severity: AlertRule['labels']['severity'], words: Words): AlertRule {
  const { expr, summary, description } = words
  return { alert, expr, for: words.for, labels: { severity }, annotations: { summary, description } }
}
