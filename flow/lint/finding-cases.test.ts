import { describe, expect, it } from 'vitest'
import { componentCodes } from '../component/component-codes.ts'
import { contractIndex } from '../component/contract-index.ts'
import { contractOf } from '../component/contract-of.ts'
import { codes } from '../finding/codes.ts'
import type { Finding } from '../finding/finding.ts'
import { localCodes } from '../finding/local-codes.ts'
import { sortFindings } from '../finding/format-finding.ts'
import { parseManifests } from '../manifest/parse-manifests.ts'
import { lintManifests } from './lint-flows.ts'

/** A manifest with mistakes. `‹` stands where each finding points; it is taken out before reading. */
interface FindingCase {
  readonly name: string
  /** The codes, in the order of the marks. */
  readonly codes: readonly string[]
  readonly text: string
  /** A part of the first message. */
  readonly says?: string
}

/** A flow with one manual trigger and these steps, each a line of YAML below `steps:`. */
function steps(...lines: readonly string[]): string {
  return flow('  triggers: [{name: by-hand, manual: {}}]', '  steps:', ...lines.map((line) => `  ${line}`))
}

/** A flow with these triggers and one step, or the given ones. */
function triggers(lines: readonly string[], ...below: readonly string[]): string {
  const some = below.length === 0 ? ['- {name: a, log: data}'] : below
  return flow(
    '  triggers:',
    ...[...lines, '  steps:', ...some].map((line) => (line === '  steps:' ? line : `  ${line}`)),
  )
}

function flow(...spec: readonly string[]): string {
  return ['apiVersion: weir.dev/v1alpha1', 'kind: Flow', 'metadata: {name: orders}', 'spec:', ...spec, ''].join('\n')
}

function together(...documents: readonly string[]): string {
  return documents.join('---\n')
}

const shop = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:
  image: shop
  scaling: {min: 1}
  functions:
  - name: upsert
    kind: action
    credentialTypes: [basic, apiKey]
    config:
      type: object
      required: [url]
      additionalProperties: false
      properties: {url: {type: string}, pageSize: {type: integer, minimum: 1}, mode: {enum: [full, delta]}}
  - {name: poll, kind: trigger, snapshot: true}
  - {name: odd, kind: action, config: {$ref: 'https://example.com/schema'}}
`

const login = `apiVersion: weir.dev/v1alpha1
kind: Credential
metadata: {name: login}
spec: {type: basic, secretRef: {name: login}}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {username: anna, password: x}
`

const shopStep = 'component: shop, function: upsert, config: {url: x}'

const files: readonly FindingCase[] = [
  { name: 'a zero byte', codes: ['BinaryFile'], text: '‹kind: Flow\0' },
  { name: 'bytes that are no UTF-8', codes: ['BinaryFile'], text: `‹${'\uFFFD'.repeat(40)}` },
  { name: 'an empty file', codes: ['EmptyFile'], text: '‹' },
  { name: 'nothing but comments', codes: ['EmptyFile'], text: '‹# later\n---\n# or never\n' },
  { name: 'ten megabytes', codes: ['FileTooLarge'], text: `‹${'- abcdefg\n'.repeat(1_000_000)}`, says: '10.0 MB' },
  { name: 'very many documents', codes: ['FileTooLarge'], text: `‹${'a: 1\n---\n'.repeat(20_000)}` },
  { name: 'a list', codes: ['NotAnObject'], text: '‹- a\n- b\n', says: 'a list' },
  { name: 'a word', codes: ['NotAnObject'], text: '‹hello\n', says: 'a single value' },
  { name: 'no kind at all', codes: ['MissingKind'], text: '‹spec: {steps: []}\n' },
  { name: 'a kind without apiVersion', codes: ['MissingKind'], text: '‹kind: Flow\n', says: 'weir.dev/v1alpha1' },
  { name: 'another version of ours', codes: ['WrongApiVersion'], text: 'apiVersion: ‹weir.dev/v1\nkind: Flow\n' },
  { name: 'a misspelt group', codes: ['WrongApiVersion'], text: 'apiVersion: ‹wier.dev/v1alpha1\nkind: Flow\n' },
  { name: 'a Secret of ours', codes: ['WrongApiVersion'], text: 'apiVersion: ‹weir.dev/v1alpha1\nkind: Secret\n' },
  {
    name: 'a kind that weir.dev lacks',
    codes: ['UnknownKind'],
    text: 'apiVersion: weir.dev/v1alpha1\nkind: ‹flow\n',
    says: 'did you mean Flow?',
  },
  {
    name: 'two objects of one name',
    codes: ['DuplicateObject'],
    text: together(login, 'apiVersion: v1\nkind: Secret\nmetadata: {name: ‹login}\n'),
    says: 'at case.yaml:8',
  },
]

const yaml: readonly FindingCase[] = [
  {
    name: 'a second key on a line',
    codes: ['YamlSyntax'],
    text: steps('- name: a', '  filter: ‹data.a: b'),
    says: "filter: '…'",
  },
  {
    name: 'text behind quotes',
    codes: ['YamlSyntax'],
    text: steps('- {name: a}', '- filter: "x" ‹= data.a'),
    says: 'quote',
  },
  {
    name: 'a quote without an end',
    codes: ['YamlSyntax'],
    text: steps('- name: ‹"a', '  filter: data'),
    says: 'never closed',
  },
  { name: 'a bracket without an end', codes: ['YamlSyntax'], text: 'a: {b: [1\n‹c: 2\n', says: 'not closed' },
  { name: 'a tab', codes: ['YamlSyntax'], text: 'a:\n‹\tb: 1\n', says: 'use spaces' },
  { name: 'a line too far in', codes: ['YamlSyntax'], text: 'a: ‹x\n  b: 1\n', says: 'indented too far' },
  {
    name: 'a template',
    codes: ['YamlSyntax'],
    text: 'kind: Flow\napiVersion: weir.dev/v1alpha1\na: {‹{ .Values.x }}\n',
    says: 'template',
  },
  { name: 'a star', codes: ['YamlSyntax'], text: steps('- {name: a, log: ‹*data}'), says: 'quotes' },
  { name: 'an exclamation mark', codes: ['YamlSyntax'], text: steps('- {name: a, log: ‹!data.x }'), says: 'tag' },
  { name: 'an odd escape', codes: ['YamlSyntax'], text: steps('- {name: a, log: "‹\\d"}'), says: 'escape' },
  { name: 'a key that stands twice', codes: ['DuplicateKey'], text: steps('- {name: a, log: data, ‹log: x}') },
  {
    name: 'an alias within its own value',
    codes: ['AliasesExplode'],
    text: 'kind: Flow\napiVersion: weir.dev/v1alpha1\na: &a [‹*a]\n',
  },
  {
    name: 'a billion laughs',
    codes: ['AliasesExplode'],
    text: [
      'apiVersion: weir.dev/v1alpha1',
      'kind: Flow',
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]',
      'd: &d [*c,*c,*c,*c,*c,*c,*c,‹*c,*c,*c]',
      'e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]',
      'f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]',
      '',
    ].join('\n'),
  },
  { name: 'a word of YAML 1.1', codes: ['YamlBoolean'], text: steps('- {name: ‹on, log: data}'), says: 'quotes' },
  { name: 'a key of YAML 1.1', codes: ['YamlBoolean'], text: steps('- {name: a, set: {x: data.x, ‹y: data.y}}') },
  {
    name: 'lists a hundred deep',
    codes: ['TooDeep'],
    text: `kind: Flow\napiVersion: weir.dev/v1alpha1\na: ${'['.repeat(100)}‹[]${']'.repeat(100)}\n`,
  },
]

const fields: readonly FindingCase[] = [
  {
    name: 'a misspelt field',
    codes: ['UnknownField'],
    text: steps('- {name: a, ‹fliter: data}'),
    says: 'did you mean "filter"?',
  },
  { name: 'if', codes: ['UnknownField'], text: steps('- {name: a, log: data, ‹if: data.x}'), says: 'write "when"' },
  {
    name: 'needs',
    codes: ['UnknownField'],
    text: steps('- {name: a, log: data}', '- {name: b, log: data, ‹needs: [a]}'),
    says: '"next"',
  },
  { name: 'with', codes: ['UnknownField'], text: steps('- {name: a, log: data, ‹with: {x: 1}}'), says: 'write config' },
  {
    name: 'uses',
    codes: ['UnknownField'],
    text: steps('- {name: a, log: data, ‹uses: shop}'),
    says: 'component and function',
  },
  { name: 'retries', codes: ['UnknownField'], text: steps('- {name: a, log: data, ‹retries: 3}'), says: 'maxAttempts' },
  {
    name: 'dependsOn',
    codes: ['UnknownField'],
    text: steps('- {name: a, log: data, ‹dependsOn: [b]}'),
    says: '"next"',
  },
  {
    name: 'if on an edge',
    codes: ['UnknownField'],
    text: steps('- {name: a, log: data, next: [{to: b, ‹if: data.x}]}', '- {name: b, log: data}'),
    says: 'write when',
  },
  {
    name: 'on',
    codes: ['UnknownField'],
    text: flow('  triggers: [{name: t, manual: {}}]', '  ‹on: push', '  steps: [{name: a, log: data}]'),
    says: 'write triggers',
  },
  {
    name: 'timezone',
    codes: ['UnknownField'],
    text: triggers(['- {name: t, schedule: {cron: "0 3 * * *", ‹timezone: UTC}}']),
    says: 'write timeZone',
  },
  {
    name: 'cron at the wrong place',
    codes: ['UnknownField'],
    text: triggers(['- {name: t, ‹cron: "0 3 * * *"}']),
    says: 'schedule: {cron: …}',
  },
  {
    name: 'a field one level too deep',
    codes: ['UnknownField'],
    text: steps('- {name: a, log: data, onError: {‹timeoutSeconds: 3}}'),
    says: 'belongs to a step',
  },
  {
    name: 'a field one level too high',
    codes: ['UnknownField'],
    text: triggers(['- {name: t, manual: {}, ‹everySeconds: 3}']),
    says: 'within "poll"',
  },
  {
    name: 'a missing field',
    codes: ['MissingField'],
    text: steps('- {name: a, log: data, next: [‹{when: data}]}'),
    says: '"to"',
  },
  {
    name: 'a webhook without auth',
    codes: ['MissingField'],
    text: triggers(['- {name: t, webhook: ‹{path: /x}}']),
    says: 'auth: {none: {}}',
  },
  { name: 'a misspelt field that is needed', codes: ['UnknownField'], text: steps('- {‹nmae: a, log: data}') },
  {
    name: 'a boolean for an expression',
    codes: ['ExpressionNotString'],
    text: steps('- {name: a, log: data, next: [{to: b, when: ‹true}]}', '- {name: b, log: data}'),
    says: "when: 'true'",
  },
  {
    name: 'a number for an expression',
    codes: ['ExpressionNotString'],
    text: steps('- {name: a, set: {x: ‹1}}'),
    says: "x: '1'",
  },
  {
    name: 'a map for an expression',
    codes: ['ExpressionNotString'],
    text: steps('- name: a', '  transform: ‹{"x": data.y}'),
    says: 'quote this expression',
  },
  {
    name: 'a list for an expression',
    codes: ['ExpressionNotString'],
    text: steps('- {name: a, split: ‹[data.x]}'),
    says: 'a list',
  },
  {
    name: 'nothing for an expression',
    codes: ['ExpressionNotString'],
    text: steps('- name: a', '  ‹filter:'),
    says: 'empty',
  },
  {
    name: 'a text for a list',
    codes: ['WrongType'],
    text: steps('- {name: a, log: data, next: ‹b}', '- {name: b, log: data}'),
    says: 'next: [{to: …}]',
  },
  { name: 'a flag that is empty', codes: ['WrongType'], text: triggers(['- name: t', '  ‹manual:']), says: 'write {}' },
  {
    name: 'a number for a text',
    codes: ['WrongType'],
    text: `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pin: ‹1234}\n`,
    says: 'quotes',
  },
  {
    name: 'a number too small',
    codes: ['OutOfBounds'],
    text:
      triggers(['- {name: t, poll: {everySeconds: ‹-1}}'], '- {name: a, component: shop, function: poll}') +
      '---\n' +
      shop,
    says: '0.1 is the least',
  },
  {
    name: 'an empty list',
    codes: ['OutOfBounds'],
    text: flow('  triggers: [{name: t, manual: {}}]', '  steps: ‹[]'),
    says: 'at least one entry',
  },
  {
    name: 'a negative retry',
    codes: ['OutOfBounds'],
    text: `${steps('- {name: a, component: shop, function: upsert, config: {url: x}, onError: {retry: {factor: ‹-2}}}')}---\n${shop}`,
  },
  {
    name: 'a word that is none of the allowed',
    codes: ['UnknownValue'],
    text: steps('- {name: a, log: data, onError: {then: ‹deadletter}}'),
    says: 'did you mean deadLetter?',
  },
  {
    name: 'a name with capitals',
    codes: ['WrongFormat'],
    text: steps('- {name: ‹Fetch, log: data}'),
    says: 'lower-case',
  },
  {
    name: 'the name that is kept for the stage before all components',
    codes: ['WrongFormat'],
    text: steps('- {name: ‹_core, log: data}'),
  },
  {
    name: 'a path without a slash',
    codes: ['WrongFormat'],
    text: triggers(['- {name: t, webhook: {path: ‹orders, auth: {none: {}}}}']),
    says: 'begin with "/"',
  },
]

const flowCases: readonly FindingCase[] = [
  {
    name: 'a step without next among others with it',
    codes: ['MissingNext'],
    text: steps('- {name: a, log: data, next: [{to: b}]}', '- ‹{name: b, log: data}', '- {name: c, log: data}'),
  },
  {
    name: 'two steps of one name',
    codes: ['DuplicateName'],
    text: steps('- {name: a, log: data}', '- {name: ‹a, log: data}'),
    says: 'step 1',
  },
  {
    name: 'two triggers of one name',
    codes: ['DuplicateName'],
    text: triggers(['- {name: t, manual: {}}', '- {name: ‹t, manual: {}}']),
    says: 'trigger 1',
  },
  {
    name: 'an edge to nowhere',
    codes: ['UnknownStep'],
    text: steps('- {name: a, log: data, next: [{to: ‹stroe}]}', '- {name: store, log: data}'),
    says: 'did you mean "store"?',
  },
  {
    name: 'a handler that is not there',
    codes: ['UnknownStep'],
    text: steps('- {name: a, log: data, onError: {to: ‹zzz}}'),
  },
  {
    name: 'a trigger that leads nowhere',
    codes: ['UnknownStep'],
    text: triggers(['- {name: t, manual: {}, to: ‹zzz}']),
    says: 'there is a',
  },
  {
    name: 'a cycle',
    codes: ['Cycle'],
    text: steps(
      '- {name: a, log: data, next: [{to: b}]}',
      '- {name: b, log: data, next: [‹{to: c}]}',
      '- {name: c, log: data, next: [{to: b}]}',
    ),
    says: 'b → c → b',
  },
  {
    name: 'a step that nothing leads to',
    codes: ['UnreachableStep'],
    text: steps('- {name: a, log: data, next: []}', '- ‹{name: b, log: data}'),
  },
  {
    name: 'otherwise beside when',
    codes: ['OtherwiseWithWhen'],
    text: steps('- {name: a, log: data, next: [{to: b, when: data.x, ‹otherwise: true}]}', '- {name: b, log: data}'),
  },
  {
    name: 'otherwise twice',
    codes: ['OtherwiseTwice'],
    text: steps(
      '- {name: a, log: data, next: [{to: b, when: data.x}, {to: b, otherwise: true}, {to: c, ‹otherwise: true}]}',
      '- {name: b, log: data, next: []}',
      '- {name: c, log: data}',
    ),
  },
  {
    name: 'otherwise without any when',
    codes: ['OtherwiseAlone'],
    text: steps('- {name: a, log: data, next: [{to: b, ‹otherwise: true}]}', '- {name: b, log: data}'),
  },
  {
    name: 'an edge twice',
    codes: ['DuplicateEdge'],
    text: steps('- {name: a, log: data, next: [{to: b}, ‹{to: b}]}', '- {name: b, log: data}'),
  },
  {
    name: 'then and to',
    codes: ['OnErrorThenAndTo'],
    text: steps('- {name: a, log: data, onError: {‹then: discard, to: b}}', '- {name: b, log: data}'),
  },
  { name: 'a step that is nothing', codes: ['StepKind'], text: steps('- ‹{name: a}'), says: 'does nothing' },
  {
    name: 'a step that is two things',
    codes: ['StepKind'],
    text: steps('- {name: a, filter: data.x, ‹log: data}'),
    says: 'filter and log',
  },
  {
    name: 'a component step without function',
    codes: ['MissingFunction'],
    text: `${steps('- ‹{name: a, component: shop}')}---\n${shop}`,
  },
  {
    name: 'a component field on a built-in',
    codes: ['FieldNotForBuiltIn'],
    text: steps('- {name: a, log: data, ‹timeoutSeconds: 3}'),
  },
  {
    name: 'a credential on a built-in',
    codes: ['FieldNotForBuiltIn'],
    text: steps('- {name: a, log: data, ‹credential: login}'),
  },
  {
    name: 'retry on a built-in',
    codes: ['RetryOnBuiltIn'],
    text: steps('- {name: a, log: data, onError: {‹retry: {maxAttempts: 3}}}'),
  },
  {
    name: 'delays that contradict each other',
    codes: ['RetryContradiction'],
    text: `${steps(`- {name: a, ${shopStep}, onError: {retry: {initialDelaySeconds: ‹60, maxDelaySeconds: 5}}}`)}---\n${shop}`,
  },
  {
    name: 'transformMetadata alone',
    codes: ['MetadataWithoutTransform'],
    text: steps('- {name: a, filter: data.x, ‹transformMetadata: metadata}'),
  },
  { name: 'a wait for nothing', codes: ['WaitKind'], text: steps('- {name: a, ‹wait: {}}') },
  {
    name: 'a wait for two things',
    codes: ['WaitKind'],
    text: steps('- {name: a, ‹wait: {seconds: 1, until: data.at}}'),
  },
  {
    name: 'order with several at a time',
    codes: ['ConcurrencyWithOrder'],
    text: `${steps(`- {name: a, ${shopStep}, order: {}, concurrencyPerProcess: ‹2}`)}---\n${shop}`,
  },
  {
    name: 'a snapshot with several at a time',
    codes: ['ConcurrencyWithOrder'],
    text: `${steps('- {name: a, component: shop, function: poll, concurrencyPerProcess: ‹2}')}---\n${shop}`,
    says: 'snapshot',
  },
]

const triggerCases: readonly FindingCase[] = [
  { name: 'a trigger that is nothing', codes: ['TriggerKind'], text: triggers(['- ‹{name: t}']), says: 'never fires' },
  {
    name: 'a trigger that is two things',
    codes: ['TriggerKind'],
    text: triggers(['- {name: t, schedule: {cron: "0 3 * * *"}, ‹manual: {}}']),
  },
  {
    name: 'no auth kind',
    codes: ['WebhookAuth'],
    text: triggers(['- {name: t, webhook: {path: /x, ‹auth: {}}}']),
    says: 'none: {}',
  },
  {
    name: 'two auth kinds',
    codes: ['WebhookAuth'],
    text: `${triggers(['- {name: t, webhook: {path: /x, ‹auth: {none: {}, basic: {credential: login}}}}'])}---\n${login}`,
  },
  {
    name: 'a cron with four fields',
    codes: ['InvalidCron'],
    text: triggers(['- {name: t, schedule: {cron: ‹"0 3 * *"}}']),
    says: 'it has 4 fields',
  },
  {
    name: 'a minute that no hour has',
    codes: ['InvalidCron'],
    text: triggers(['- {name: t, schedule: {cron: ‹"61 3 * * *"}}']),
    says: 'minute: 61',
  },
  {
    name: 'a day that no year has',
    codes: ['InvalidCron'],
    text: triggers(['- {name: t, schedule: {cron: ‹"0 0 30 2 *"}}']),
    says: 'never comes',
  },
  {
    name: 'an instant for a cron',
    codes: ['InvalidCron'],
    text: triggers(['- {name: t, schedule: {cron: ‹"2027-01-01T00:00:00"}}']),
    says: 'repeats',
  },
  {
    name: 'a time zone that is a city',
    codes: ['InvalidTimeZone'],
    text: triggers(['- {name: t, schedule: {cron: "0 3 * * *", timeZone: ‹Berlin}}']),
    says: 'Europe/Berlin',
  },
  {
    name: 'a parameter twice in a path',
    codes: ['InvalidWebhookPath'],
    text: triggers(['- {name: t, webhook: {path: "/a/{id}/b/‹{id}", auth: {none: {}}}}']),
  },
  {
    name: 'a schema of a type that there is not',
    codes: ['InvalidSchema'],
    text: triggers(['- {name: t, webhook: {path: /x, auth: {none: {}}, schema: {properties: {a: {type: ‹strin}}}}}']),
    says: '"properties.a.type" must be one of array, boolean',
  },
  {
    name: 'a schema with look-ahead',
    codes: ['InvalidSchema'],
    text: triggers(['- {name: t, webhook: {path: /x, auth: {none: {}}, schema: ‹{pattern: "^(?=a).*"}}}']),
    says: 'no look-around',
  },
  {
    name: 'a schema of another draft',
    codes: ['InvalidSchema'],
    text: triggers([
      '- {name: t, webhook: {path: /x, auth: {none: {}}, schema: {$schema: ‹"https://json-schema.org/draft/2020-12/schema"}}}',
    ]),
    says: 'another draft than 7',
  },
  {
    name: 'a schema that would answer with a promise',
    codes: ['InvalidSchema'],
    text: triggers(['- {name: t, webhook: {path: /x, auth: {none: {}}, schema: {$async: ‹true}}}']),
  },
  {
    name: 'sync without reply: sync',
    codes: ['FieldWithoutEffect'],
    text: triggers(['- {name: t, webhook: {path: /x, auth: {none: {}}, ‹sync: {timeoutSeconds: 3}}}']),
  },
  {
    name: 'two webhooks on one path',
    codes: ['WebhookPathClash'],
    text: triggers([
      '- {name: t, webhook: {path: "/a/{id}", auth: {none: {}}}}',
      '- {name: u, webhook: {path: ‹"/a/{nr}/", methods: [GET, POST], auth: {none: {}}}}',
    ]),
    says: 'trigger "t" answers',
  },
  {
    name: 'a webhook that waits for nobody',
    codes: ['SyncWithoutRespond'],
    text: triggers(['- {name: t, webhook: {path: /x, ‹reply: sync, auth: {none: {}}}}']),
  },
  {
    name: 'a respond that no webhook waits for',
    codes: ['RespondUnreachable'],
    text: steps('- {name: a, ‹respond: {body: data}}'),
  },
  {
    name: 'a wait while the caller waits',
    codes: ['WaitBeforeRespond'],
    text: triggers(
      ['- {name: t, webhook: {path: /x, reply: sync, auth: {none: {}}}}'],
      '- {name: a, ‹wait: {seconds: 1}}',
      '- {name: b, respond: {}}',
    ),
  },
  {
    name: 'a component that has to start while the caller waits',
    codes: ['SyncFromZero'],
    text: `${triggers(['- {name: t, webhook: {path: /x, reply: sync, auth: {none: {}}}}'], '- {name: a, component: ‹shop, function: upsert, config: {url: x}}', '- {name: b, respond: {}}')}---\n${shop.replace('min: 1', 'min: 0')}`,
  },
]

const expressions: readonly FindingCase[] = [
  {
    name: 'an expression that ends too early',
    codes: ['ExpressionSyntax'],
    text: steps("- {name: a, log: 'data.x + (1‹'}"),
  },
  {
    name: 'a wrong name in the third line of a block',
    codes: ['UnknownStepReference'],
    text: steps('- name: a', '  transform: |', '    {', '      "a": data.x,', '      "b": ‹$steps.zzz.data', '    }'),
  },
  {
    name: 'a wrong name behind quotes and escapes',
    codes: ['UnknownStepReference'],
    text: steps('- name: a', '  transform: "data.\\"x y\\" &\\t\\u0020', "     'z' & ‹$steps.zzz.data\""),
  },
  {
    name: 'a wrong name behind doubled quotes',
    codes: ['UnknownStepReference'],
    text: steps('- name: a', "  transform: 'data.x & ''it'' & ‹$steps.zzz.data'"),
  },
  {
    name: 'an ancestor that is no step',
    codes: ['UnknownStepReference'],
    text: steps('- {name: fetch, log: data}', "- {name: b, log: 'data.x & ‹$steps.fetsh.data'}"),
    says: '"fetch"',
  },
  {
    name: 'a subtraction',
    codes: ['StepsSubtraction'],
    text: steps('- {name: fetch-orders, log: data}', "- {name: b, log: 'data & ‹$steps.fetch-orders.data'}"),
    says: '$steps.`fetch-orders`',
  },
  {
    name: 'a subtraction that is no step either',
    codes: ['UnknownStepReference'],
    text: steps('- {name: fetch-orders, log: data}', "- {name: b, log: '‹$steps.get-orders.data'}"),
    says: 'no step is named "get-orders"',
  },
  {
    name: 'a subtraction from a step',
    codes: ['DashInName'],
    text: steps('- {name: fetch, log: data}', "- {name: b, log: 'data + ‹$steps.fetch-orders'}"),
  },
  {
    name: 'a header with a dash',
    codes: ['DashInName'],
    text: steps("- {name: a, log: '$trigger.request.headers.‹content-type'}"),
    says: '`content-type`',
  },
  {
    name: 'a variable that nobody binds',
    codes: ['UnknownVariable'],
    text: steps('- {name: a, log: data}', "- {name: b, log: 'data & ‹$setps.a.data'}"),
    says: 'did you mean $steps?',
  },
  {
    name: 'a step that comes later',
    codes: ['NotAnAncestor'],
    text: steps("- {name: a, log: '‹$steps.b.data'}", '- {name: b, log: data}'),
  },
  {
    name: 'the very step',
    codes: ['NotAnAncestor'],
    text: steps("- {name: a, log: '‹$steps.a.data'}"),
    says: 'itself',
  },
  {
    name: 'the step whose message it is',
    codes: ['NotAnAncestor'],
    text: steps("- {name: a, log: data, next: [{to: b, when: '‹$steps.a.data'}]}", '- {name: b, log: data}'),
    says: 'very message',
  },
  {
    name: 'a failed step',
    codes: ['NotAnAncestor'],
    text: steps('- {name: a, log: data, next: [], onError: {to: b}}', "- {name: b, log: '‹$steps.a.data'}"),
  },
  {
    name: 'a step on some ways',
    codes: ['AncestorOnSomePaths'],
    text: steps(
      '- {name: a, log: data, next: [{to: b, when: data.x}, {to: c, otherwise: true}]}',
      '- {name: b, log: data, next: [{to: c}]}',
      "- {name: c, log: '‹$steps.b.data'}",
    ),
  },
  {
    name: 'a step in the answer to a webhook',
    codes: ['NotAnAncestor'],
    text: triggers(["- {name: t, webhook: {path: /x, auth: {none: {}}, accepted: {body: '‹$steps.a.data'}}}"]),
    says: 'no step has run',
  },
]

const references: readonly FindingCase[] = [
  {
    name: 'a component that is not given',
    codes: ['UnknownComponent'],
    text: `${steps('- {name: a, component: ‹shopp, function: upsert}')}---\n${shop}`,
    says: 'did you mean "shop"?',
  },
  {
    name: 'a function that is not there',
    codes: ['UnknownFunction'],
    text: `${steps('- {name: a, component: shop, function: ‹upsrt}')}---\n${shop}`,
    says: 'did you mean "upsert"?',
  },
  {
    name: 'a trigger function behind a step',
    codes: ['TriggerFunctionNotAtEntry'],
    text: `${steps('- {name: a, log: data}', '- {name: b, component: shop, function: ‹poll}')}---\n${shop}`,
  },
  {
    name: 'poll of an action',
    codes: ['TriggerNeedsTriggerFunction'],
    text: `${triggers(['- {name: t, ‹poll: {everySeconds: 5}}'], `- {name: a, ${shopStep}}`)}---\n${shop}`,
    says: 'an action',
  },
  {
    name: 'listen at a built-in',
    codes: ['TriggerNeedsTriggerFunction'],
    text: triggers(['- {name: t, ‹listen: {}}']),
    says: 'built-in',
  },
  {
    name: 'a config without what is needed',
    codes: ['ConfigInvalid'],
    text: `${steps('- {name: a, component: shop, function: upsert, config: ‹{pageSize: 1}}')}---\n${shop}`,
    says: '"url"',
  },
  {
    name: 'a config with a misspelt key',
    codes: ['ConfigInvalid'],
    text: `${steps('- {name: a, component: shop, function: upsert, config: {url: x, ‹pagesize: 1}}')}---\n${shop}`,
    says: 'pageSize',
  },
  {
    name: 'a config with a wrong value',
    codes: ['ConfigInvalid'],
    text: `${steps('- {name: a, component: shop, function: upsert, config: {url: x, mode: ‹all}}')}---\n${shop}`,
    says: '"full"',
  },
  {
    name: 'a schema that cannot be used',
    codes: ['SchemaUnusable'],
    text: `${steps('- {name: a, component: shop, function: ‹odd}')}---\n${shop}`,
  },
  {
    name: 'a credential that is not given',
    codes: ['UnknownCredential'],
    text: together(steps(`- {name: a, ${shopStep}, credential: ‹logn}`), shop, login),
    says: 'did you mean "login"?',
  },
  {
    name: 'a webhook credential that is not given',
    codes: ['UnknownCredential'],
    text: triggers(['- {name: t, webhook: {path: /x, auth: {hmac: {credential: ‹key}}}}']),
  },
  {
    name: 'a credential of a type that the function cannot use',
    codes: ['CredentialType'],
    text: together(
      steps(`- {name: a, ${shopStep}, credential: ‹login}`),
      shop,
      login.replace('type: basic', 'type: session'),
    ),
  },
  {
    name: 'a credential of a type that the webhook cannot use',
    codes: ['CredentialType'],
    text: together(triggers(['- {name: t, webhook: {path: /x, auth: {hmac: {credential: ‹login}}}}']), login),
  },
  {
    name: 'a Secret that is not given',
    codes: ['MissingSecret'],
    text: login.slice(0, login.indexOf('---')).replace('{name: login}}', '{name: ‹login}}'),
  },
  {
    name: 'a Secret without a key',
    codes: ['SecretKey'],
    text: login.replace('secretRef: {name: login', 'secretRef: {name: ‹login').replace('password', 'passwort'),
    says: '"password"',
  },
  {
    name: 'a key that the Secret lacks',
    codes: ['SecretKey'],
    text: login.replace('{name: login}}', '{name: login, keys: {password: ‹pass}}}'),
  },
  {
    name: 'an apiKey place for another type',
    codes: ['CredentialField'],
    text: login.replace('type: basic,', 'type: basic, ‹apiKey: {in: query},'),
  },
  {
    name: 'scopes for another type',
    codes: ['CredentialField'],
    text: login.replace('type: basic,', 'type: basic, ‹scopes: [x],'),
  },
  ...[
    { file: '../other/a.js', says: 'leads out' },
    { file: 'lib/../../a.js', says: 'leads out' },
    { file: '/etc/a.js', says: 'absolute' },
    { file: 'C:/a.js', says: 'absolute' },
    { file: 'lib//a.js', says: 'no plain path' },
    { file: './a.js', says: 'no plain path' },
    { file: 'lib/', says: 'no plain path' },
    { file: String.raw`a\0.js`, says: 'has a character' },
    { file: String.raw`..\\a.js`, says: 'has a character' },
    { file: `${'a'.repeat(256)}.js`, says: 'more than 255' },
  ].map(({ file, says }) => ({
    name: `the inline file ${file.slice(0, 20)}`,
    codes: ['SourceFileName'],
    text: `apiVersion: weir.dev/v1alpha1\nkind: Component\nmetadata: {name: shop}\nspec: {source: {files: {ok.js: x, lib/ok.js: x, ‹"${file}": x}}}\n`,
    says,
  })),
  {
    name: 'an inline file that lies in another',
    codes: ['SourceFileName'],
    text: 'apiVersion: weir.dev/v1alpha1\nkind: ClusterComponent\nmetadata: {name: shop}\nspec: {source: {files: {‹a/b/c.js: x, a/b: x}}}\n',
    says: 'lies in "a/b", which is a file itself',
  },
  {
    name: 'a function that no inline file holds',
    codes: ['FunctionWithoutMain'],
    text: `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: shop}
spec:
  source: {files: {find.js: x, lib/put.js: x}}
  functions: [{name: find, kind: action}, {name: put, kind: action, main: ./lib/put.js}, {name: ‹drop, kind: action}]
`,
    says: 'nothing tells which file holds "drop"',
  },
  {
    name: 'an image and a source',
    codes: ['ComponentCode'],
    text: shop.replace('image: shop', 'image: shop\n  ‹source: {files: {a.js: x}}'),
  },
  {
    name: 'neither image nor source',
    codes: ['ComponentCode'],
    text: shop
      .replace('name: shop', 'name: cart')
      .replace('spec:\n  image: shop', 'spec:')
      .replace('  scaling', '  ‹scaling'),
  },
  {
    name: 'a scaling that contradicts itself',
    codes: ['ScalingContradiction'],
    text: shop.replace('{min: 1}', '{min: ‹3, max: 2}'),
  },
  {
    name: 'a variable with two values',
    codes: ['EnvValue'],
    text: shop.replace('image: shop', 'image: shop\n  env: [{name: A, value: x, ‹valueFrom: {}}]'),
  },
]

/** At least one for each code; no case gives more findings than it has marks. */
const findingCases: readonly FindingCase[] = [
  ...files,
  ...yaml,
  ...fields,
  ...flowCases,
  ...triggerCases,
  ...expressions,
  ...references,
]

const mark = '‹'

function findingsOf(text: string, strict = false): readonly Finding[] {
  const parsed = parseManifests([{ file: 'case.yaml', text: text.replaceAll(mark, '') }])
  const contracts = contractIndex(
    parsed.manifests.components.flatMap(
      ({ object: { kind, metadata, spec } }) => contractOf({ kind, name: metadata.name, spec }).contract ?? [],
    ),
  )
  return sortFindings([...parsed.findings, ...lintManifests(parsed, { contracts, strict })])
}

/** `line:column` of each mark. */
function marksIn(text: string): string[] {
  return text
    .split(mark)
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join(''))
    .map((before) => `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`)
}

describe('a bad manifest gives its findings and no other', () => {
  it.each(findingCases)('$codes: $name', ({ text, codes, says = '' }) => {
    const found = findingsOf(text)
    expect(found.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(
      marksIn(text).map((place, at) => `${place} ${codes[at]}`),
    )
    expect(found[0]?.message).toContain(says)
  })

  it('has a case for every code', () => {
    // Of components their code tells it, of this machine a local run; the others need large texts and stand beside the parser.
    const elsewhere = [...Object.keys(componentCodes), ...Object.keys(localCodes), 'FlowTooLarge', 'MoreFindings']
    const covered = new Set([...findingCases.flatMap(({ codes }) => codes), ...elsewhere])
    expect(Object.keys(codes).filter((code) => !covered.has(code))).toEqual([])
  })
})
