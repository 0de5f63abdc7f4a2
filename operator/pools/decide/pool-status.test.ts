import { describe, expect, it } from 'vitest'
import { componentStatus, type ComponentFacts } from './component-status.ts'
import { poolTrouble, refusalTrouble } from './judge-pool.ts'
import { podTrouble, replicaTrouble } from './pod-trouble.ts'

const waiting = (reason: string, more: object = {}): object => ({
  status: {
    containerStatuses: [{ name: 'component', state: { waiting: { reason, message: 'as the kubelet says' } }, ...more }],
  },
})

describe('podTrouble', () => {
  it.each([
    {
      pod: waiting('ImagePullBackOff'),
      want: ['ImagePullBackOff', 'container component: its image cannot be pulled: as the kubelet says'],
    },
    {
      pod: waiting('ErrImagePull'),
      want: ['ImagePullBackOff', 'container component: its image cannot be pulled: as the kubelet says'],
    },
    {
      pod: waiting('CrashLoopBackOff', { lastState: { terminated: { exitCode: 3, message: 'no such file\n' } } }),
      want: ['CrashLoopBackOff', 'container component: it ends again and again: exit code 3, no such file'],
    },
    {
      pod: waiting('CrashLoopBackOff', { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
      want: [
        'CrashLoopBackOff',
        'container component: it ends again and again: it used more memory than its limit allows',
      ],
    },
    {
      pod: {
        status: {
          initContainerStatuses: [
            { name: 'weir-runner', state: { waiting: { reason: 'CreateContainerConfigError' } } },
          ],
        },
      },
      want: ['CreateContainerConfigError', 'container weir-runner: something that it names is not there'],
    },
    {
      pod: {
        status: {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
        },
      },
      want: ['Unschedulable', 'no node takes its pod: 0/1 nodes'],
    },
    { pod: waiting('ContainerCreating'), want: undefined },
    { pod: waiting('toString'), want: undefined },
    { pod: { status: { containerStatuses: [{ name: 'component', state: { running: {} } }] } }, want: undefined },
    { pod: {}, want: undefined },
    { pod: { status: { containerStatuses: 'rubbish' } }, want: undefined },
  ])('says what is wrong: $want', ({ pod, want }) => {
    const { reason, message } = podTrouble(pod as Record<string, unknown>) ?? {}
    expect(want === undefined ? undefined : [reason, message]).toEqual(want)
  })

  it('tells of pods that are refused', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }]
    expect(replicaTrouble({ status: { conditions } })?.message).toBe('its pods are refused: exceeded quota')
    expect(replicaTrouble({ status: { conditions: [] } })).toBeUndefined()
  })
})

describe('poolTrouble', () => {
  const identity = { kind: 'component', component: { kind: 'Component', name: 'shop' } } as const
  it.each([
    { name: 'all is there', given: { component: { image: 'a' } }, want: undefined },
    { name: 'the component is gone', given: {}, want: 'ComponentNotFound' },
    {
      name: 'it speaks HTTP',
      given: { component: { image: 'a', protocol: 'http' as const } },
      want: 'ProtocolUnsupported',
    },
    {
      name: 'its source is too large',
      given: { component: { source: { files: { 'a.js': 'a'.repeat(600_000), 'b.js': 'b'.repeat(600_000) } } } },
      want: 'SourceTooLarge',
    },
    {
      name: 'its namespace is not ready',
      given: { component: { image: 'a' }, isTenantReady: false },
      want: 'TenantNotReady',
    },
  ])('when $name: $want', ({ given, want }) => {
    expect(poolTrouble({ identity, isTenantReady: true, ...given })?.reason).toBe(want)
  })

  it('needs no component for core', () => {
    expect(poolTrouble({ identity: { kind: 'core' }, isTenantReady: true })).toBeUndefined()
  })
})

describe('refusalTrouble', () => {
  it.each([
    { refused: { kind: 'Role', status: 403, message: 'm' }, want: { reason: 'SecretAccessDenied', isFinal: false } },
    {
      refused: { kind: 'Deployment', status: 422, message: 'm' },
      want: { reason: 'PodTemplateInvalid', isFinal: true },
    },
    { refused: { kind: 'ConfigMap', status: 413, message: 'm' }, want: { reason: 'PoolRefused', isFinal: true } },
    { refused: { kind: 'Deployment', status: 0, message: 'm' }, want: { reason: 'PoolNotApplied', isFinal: false } },
  ])('$refused.kind $refused.status: $want.reason', ({ refused, want }) => {
    expect(refusalTrouble(refused)).toMatchObject(want)
  })
})

describe('componentStatus', () => {
  const known: ComponentFacts = {
    generation: 3,
    found: { kind: 'known', shown: {} },
    pools: [],
  }
  const told = (facts: Partial<ComponentFacts>): string[] =>
    componentStatus({ ...known, ...facts }).conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)

  it.each<{ name: string; facts: Partial<ComponentFacts>; want: readonly string[] }>([
    {
      name: 'all is well',
      facts: {},
      want: ['Ready=True Available', 'Reconciling=False Available', 'Stalled=False Available'],
    },
    {
      name: 'its functions are being read',
      facts: { found: { kind: 'reading', shown: {} } },
      want: ['Ready=False ReadingFunctions', 'Reconciling=True ReadingFunctions', 'Stalled=False ReadingFunctions'],
    },
    {
      name: 'they cannot be read',
      facts: { found: { kind: 'failed', shown: {}, reason: 'ImagePullBackOff', message: 'm' } },
      want: ['Ready=False ImagePullBackOff', 'Reconciling=False ImagePullBackOff', 'Stalled=True ImagePullBackOff'],
    },
    {
      name: 'its pods end again and again in one of two namespaces',
      facts: { pools: [{ namespace: 'a' }, { namespace: 'b', pods: { reason: 'CrashLoopBackOff', message: 'm' } }] },
      want: ['Ready=False CrashLoopBackOff', 'Reconciling=False CrashLoopBackOff', 'Stalled=True CrashLoopBackOff'],
    },
    {
      name: 'a pool waits for its namespace',
      facts: {
        pools: [
          {
            namespace: 'a',
            report: {
              namespace: 'a',
              pool: 'p',
              refused: [],
              trouble: { reason: 'TenantNotReady', message: 'm', isFinal: false },
            },
          },
        ],
      },
      want: ['Ready=False TenantNotReady', 'Reconciling=True TenantNotReady', 'Stalled=False TenantNotReady'],
    },
  ])('when $name', ({ facts, want }) => {
    expect(told(facts).slice(0, 3)).toEqual(want)
  })

  it('warns of what a template may not do, and is ready nevertheless', () => {
    const refused = Array.from({ length: 12 }, (_, at) => ({ path: `p${at}`, why: 'w' }))
    const status = componentStatus({
      ...known,
      pools: [{ namespace: 'a', report: { namespace: 'a', pool: 'p', refused } }],
    })
    expect(status.conditions[0]?.status).toBe('True')
    expect(status.conditions[3]).toMatchObject({ type: 'Warning', status: 'True', reason: 'PodTemplateRefused' })
    expect(status.conditions[3]?.message).toMatch(/^it does not count: p0: w; .*; and 2 more$/)
  })
})
