import { describe, expect, it } from 'vitest'
import { parseManifests } from '../flow/manifest/parse-manifests.ts'
import { componentEnv } from './component-env.ts'

const { secrets } = parseManifests([
  { file: 's.yaml', text: 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: abc}\n' },
]).manifests

const fromSecret = (name: string, key: string, more = {}) => ({ valueFrom: { secretKeyRef: { name, key, ...more } } })

describe('componentEnv', () => {
  it.each([
    { name: 'takes literal values', env: { value: 'x' }, want: { values: { A: 'x' }, missing: [] } },
    {
      name: 'takes a variable without a value as empty, as Kubernetes does',
      env: {},
      want: { values: { A: '' }, missing: [] },
    },
    { name: 'takes keys of given Secrets', env: fromSecret('s', 'token'), want: { values: { A: 'abc' }, missing: [] } },
    { name: 'misses a key', env: fromSecret('s', 'other'), want: { values: {}, missing: ['A'] } },
    { name: 'misses a Secret', env: fromSecret('t', 'token'), want: { values: {}, missing: ['A'] } },
    {
      name: 'does not miss what is optional',
      env: fromSecret('t', 'token', { optional: true }),
      want: { values: {}, missing: [] },
    },
    {
      name: 'misses what only a cluster has',
      env: { valueFrom: { configMapKeyRef: { name: 's', key: 'token' } } },
      want: { values: {}, missing: ['A'] },
    },
    {
      name: 'misses a field of the pod',
      env: { valueFrom: { fieldRef: { fieldPath: 'x' } } },
      want: { values: {}, missing: ['A'] },
    },
    {
      name: 'misses a reference that is none',
      env: { valueFrom: { secretKeyRef: 'token' } },
      want: { values: {}, missing: ['A'] },
    },
  ])('$name', ({ env, want }) => {
    expect(componentEnv([{ name: 'A', ...env }], { secrets, namespace: 'default' })).toEqual(want)
  })

  it('does not look into other namespaces', () => {
    expect(componentEnv([{ name: 'A', ...fromSecret('s', 'token') }], { secrets, namespace: 'sales' }).missing).toEqual(
      ['A'],
    )
  })
})
