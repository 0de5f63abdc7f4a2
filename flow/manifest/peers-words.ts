/** Where a word of another system stands, and what to write here. */
type Words = Readonly<Record<string, string>>

const ofFlow: Words = {
  trigger: 'triggers',
  on: 'triggers',
  events: 'triggers',
  source: 'triggers',
  schedule: 'triggers, with a schedule in one of them',
  cron: 'triggers, with "schedule: {cron: …}" in one of them',
  webhook: 'triggers, with a webhook in one of them',
  jobs: 'steps',
  nodes: 'steps',
  tasks: 'steps',
  stages: 'steps',
  actions: 'steps',
  pipeline: 'steps',
  graph: 'steps, with "next" in them',
  edges: '"next" in the steps',
  name: '"name" in metadata',
  paused: 'suspend',
  disabled: 'suspend',
  enabled: 'suspend (true stops the flow)',
  active: 'suspend (true stops the flow)',
  env: '"config" in the steps',
}

const ofTrigger: Words = {
  cron: '"schedule: {cron: …}"',
  timezone: '"timeZone" in schedule',
  timeZone: '"timeZone" in schedule',
  tz: '"timeZone" in schedule',
  interval: '"poll: {everySeconds: …}"',
  every: '"poll: {everySeconds: …}"',
  http: 'webhook',
  hook: 'webhook',
  path: '"webhook: {path: …}"',
  url: '"webhook: {path: …}"',
  type: 'one of schedule, webhook, poll, listen and manual as the key',
  step: 'to',
  target: 'to',
  next: 'to',
  start: 'to',
  id: 'name',
}

const ofSchedule: Words = { timezone: 'timeZone', tz: 'timeZone', expression: 'cron', jitter: 'jitterSeconds' }

const ofWebhook: Words = {
  method: 'methods',
  url: 'path',
  route: 'path',
  authentication: 'auth',
  security: 'auth',
  async: '"reply: accepted"',
  response: 'reply, with a "respond" step',
  timeoutSeconds: '"sync: {timeoutSeconds: …}"',
  maxBodySize: 'maxBodyBytes',
}

const ofStep: Words = {
  if: '"when" on the edge that leads here, or a "filter" step before it',
  when: '"when" in next, on the edge that leads here, or a "filter" step before it',
  condition: '"when" in next, on the edge that leads here, or a "filter" step before it',
  unless: '"when" in next with $not(…)',
  switch: 'several edges in next, each with "when"',
  choice: 'several edges in next, each with "when"',
  router: 'several edges in next, each with "when"',
  needs: '"next" on the steps before it',
  dependsOn: '"next" on the steps before it',
  depends_on: '"next" on the steps before it',
  dependencies: '"next" on the steps before it',
  after: '"next" on the steps before it',
  runAfter: '"next" on the steps before it',
  to: '"next: [{to: …}]"',
  then: '"next: [{to: …}]"',
  goto: '"next: [{to: …}]"',
  with: 'config',
  args: 'config',
  params: 'config',
  parameters: 'config',
  properties: 'config',
  settings: 'config',
  fields: 'config',
  inputs: 'config, or bind for what is computed from the message',
  uses: 'component and function',
  image: 'component and function',
  node: 'component and function',
  type: 'component and function',
  action: 'function',
  method: 'function',
  operation: 'function',
  run: 'component and function; small code stands in a Component with "source"',
  script: 'component and function; small code stands in a Component with "source"',
  code: 'component and function; small code stands in a Component with "source"',
  retries: '"onError: {retry: {maxAttempts: …}}"',
  retry: '"onError: {retry: …}"',
  maxAttempts: '"onError: {retry: {maxAttempts: …}}"',
  retryPolicy: '"onError: {retry: …}"',
  catch: '"onError: {to: …}"',
  'continue-on-error': '"onError: {then: discard}"',
  continueOnError: '"onError: {then: discard}"',
  errorHandler: '"onError: {to: …}"',
  timeout: 'timeoutSeconds',
  'timeout-minutes': 'timeoutSeconds',
  foreach: 'a "split" step before it',
  forEach: 'a "split" step before it',
  for_each: 'a "split" step before it',
  loop: 'a "split" step before it',
  withItems: 'a "split" step before it',
  strategy: 'a "split" step before it',
  delay: 'a "wait" step',
  sleep: 'a "wait" step',
  map: 'transform, or "map" on an edge in next',
  jsonata: 'transform',
  expression: 'transform',
  template: 'transform',
  mapping: 'transform',
  secret: 'credential',
  secretRef: 'credential',
  credentials: 'credential',
  auth: 'credential',
  concurrency: 'concurrencyPerProcess',
  prefetch: 'concurrencyPerProcess',
  ordered: '"order: {}"',
  dedupe: 'deduplicate',
  return: 'respond',
  reply: 'respond',
  response: 'respond',
  id: 'name',
}

const ofEdge: Words = {
  if: 'when',
  condition: 'when',
  case: 'when',
  expression: 'when',
  else: '"otherwise: true"',
  default: '"otherwise: true"',
  step: 'to',
  target: 'to',
  name: 'to',
  goto: 'to',
  transform: 'map',
  with: 'map',
}

const ofOnError: Words = {
  goto: 'to',
  step: 'to',
  catch: 'to',
  retries: '"retry: {maxAttempts: …}"',
  maxAttempts: '"retry: {maxAttempts: …}"',
  attempts: '"retry: {maxAttempts: …}"',
  ignore: '"then: discard"',
  deadLetter: '"then: deadLetter"',
}

const ofRetry: Words = {
  attempts: 'maxAttempts',
  limit: 'maxAttempts',
  max: 'maxAttempts',
  retries: 'maxAttempts',
  count: 'maxAttempts',
  delay: 'initialDelaySeconds',
  interval: 'initialDelaySeconds',
  backoff: 'factor',
  multiplier: 'factor',
  delaySeconds: 'initialDelaySeconds',
  maxDelay: 'maxDelaySeconds',
}

const ofComponent: Words = {
  files: '"source: {files: …}"',
  code: '"source: {files: …}"',
  script: '"source: {files: …}"',
  inline: '"source: {files: …}"',
  actions: 'functions, each with "kind: action"',
  triggers: 'functions, each with "kind: trigger"',
  replicas: '"scaling: {min: …, max: …}"',
  shared: '"isolation: shared"',
}

const ofCredential: Words = {
  secret: '"secretRef: {name: …}"',
  secretName: '"secretRef: {name: …}"',
  data: 'a Secret with these keys, and its name in secretRef',
  username: 'a Secret with these keys, and its name in secretRef',
  password: 'a Secret with these keys, and its name in secretRef',
}

/** Place of a map, list indices as `#`, to the words that are misplaced in it. */
const byPlace: Readonly<Record<string, Words>> = {
  'Flow:spec': ofFlow,
  'Flow:spec.triggers.#': ofTrigger,
  'Flow:spec.triggers.#.schedule': ofSchedule,
  'Flow:spec.triggers.#.webhook': ofWebhook,
  'Flow:spec.steps.#': ofStep,
  'Flow:spec.steps.#.next.#': ofEdge,
  'Flow:spec.steps.#.onError': ofOnError,
  'Flow:spec.steps.#.onError.retry': ofRetry,
  'Component:spec': ofComponent,
  'ClusterComponent:spec': ofComponent,
  'Credential:spec': ofCredential,
}

/** What to write in place of another system's word, ready to stand behind "write". */
export function ourWordFor(word: string, place: string): string | undefined {
  const words = byPlace[place]
  if (words === undefined) return undefined
  if (Object.hasOwn(words, word)) return words[word]
  const lower = word.toLowerCase()
  return Object.hasOwn(words, lower) ? words[lower] : undefined
}
