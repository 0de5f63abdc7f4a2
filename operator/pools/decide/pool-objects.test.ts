import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { ComponentSpec } from '../../../crds/v1alpha1/component.ts'
import { fieldsOf, itemsOf } from './lay-over.ts'
import { podTemplate } from './pod-template.ts'
import { copyProgram } from './pool-containers.ts'
import { poolObjects } from './pool-objects.ts'
import { sourceMap } from './source-files.ts'
import type { Fields, PoolWish } from './pool-wish.ts'

const owner = {
  apiVersion: 'weir.dev/v1alpha1',
  kind: 'Component',
  name: 'shop',
  uid: '5a1b5c1e-2f3b-4a5c-8d7e-9f0a1b2c3d4e',
  controller: true,
  blockOwnerDeletion: false,
}

function wish(component: ComponentSpec | undefined, more: Partial<PoolWish> = {}): PoolWish {
  return {
    namespace: 'team-a',
    pool: component === undefined ? 'core' : 'Component/shop',
    ...(component !== undefined && { component, owner }),
    connection: { secret: 'weir-runner', brokerKey: 'brokerUrl', storeKey: 'storeUrl', version: '1' },
    access: { secrets: ['shop-key'], credentials: ['shop'] },
    platform: {
      image: 'weir:1.0.0',
      shimPath: '/opt/weir/shim/bundled-main.cjs',
      runnerCommand: ['node', '/opt/weir/runtime/programs/runner.mjs'],
      runnerEnv: { WEIR_LOG_LEVEL: 'info' },
      network: { broker: { ports: [5672] }, store: { ports: [27017] }, api: { ports: [443, 6443] } },
    },
    ...more,
  }
}

const shop: ComponentSpec = {
  image: 'example.org/shop:3',
  scaling: { maxProcesses: 4 },
  resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
  env: [{ name: 'REGION', value: 'eu' }],
  egress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ protocol: 'TCP', port: 443 }] }],
}

function text(wanted: PoolWish): string {
  return stringify(poolObjects(wanted), { lineWidth: 0, aliasDuplicateObjects: false })
}

describe('poolObjects', () => {
  it.each([
    { name: 'an image', file: 'image', wanted: wish(shop) },
    {
      name: 'inline source',
      file: 'source',
      wanted: wish({ source: { files: { 'component.json': '{}', 'lib/b.js': 'b', 'a.js': 'a' } } }),
    },
    { name: 'what comes before any component', file: 'core', wanted: wish(undefined) },
  ])('makes the pool of $name', async ({ file, wanted }) => {
    await expect(text(wanted)).toMatchFileSnapshot(`golden/${file}.txt`)
  })

  it('makes no rule for Secrets where there are none to read', () => {
    const objects = poolObjects(wish(shop, { access: { secrets: [], credentials: [] } })).objects
    const { object } = objects.find(({ kind }) => kind === 'Role') ?? {}
    expect(object?.['rules']).toEqual([
      { apiGroups: ['weir.dev'], resources: ['flows', 'flowrevisions'], verbs: ['get', 'list', 'watch'] },
    ])
  })

  it('lets a component that names no egress go anywhere, and one that names none nowhere but to our servers', () => {
    const egressOf = (component: ComponentSpec): unknown => {
      const { object } = poolObjects(wish(component)).objects.find(({ kind }) => kind === 'NetworkPolicy') ?? {}
      return fieldsOf(object?.['spec'])['egress']
    }
    expect(egressOf({ image: 'a' })).toBeUndefined()
    expect(itemsOf(egressOf({ image: 'a', egress: [] })).length).toBe(4)
  })

  it('is the same for the same wish, in whatever order files are written', () => {
    const one = wish({ source: { files: { 'a.js': '1', 'b.js': '2' } } })
    const other = wish({ source: { files: { 'b.js': '2', 'a.js': '1' } } })
    expect(text(one)).toBe(text(other))
  })

  it('starts pods anew for other source, and not for other Secrets', () => {
    const template = (wanted: PoolWish): string => JSON.stringify(podTemplate(wanted).template)
    const inline = (file: string): PoolWish => wish({ source: { files: { 'a.js': file } } })
    expect(template(inline('1'))).not.toBe(template(inline('2')))
    const others = { access: { secrets: ['another'], credentials: ['another'] } }
    expect(template(wish(shop))).toBe(template(wish(shop, others)))
  })
})

describe('podTemplate', () => {
  const laid = (podTemplateOf: Fields): { readonly spec: Fields; readonly paths: readonly string[]; text: string } => {
    const component = { ...shop, podTemplate: podTemplateOf } as ComponentSpec
    const { template, refused } = podTemplate(wish(component))
    return {
      spec: fieldsOf(template['spec']),
      paths: refused.map(({ path }) => path),
      text: JSON.stringify(template),
    }
  }
  const component = (container: Fields): Fields => ({ spec: { containers: [{ name: 'component', ...container }] } })
  const own = ({ spec }: { readonly spec: Fields }, name = 'component'): Fields =>
    [...itemsOf(spec['initContainers']), ...itemsOf(spec['containers'])].find((one) => one['name'] === name) ?? {}

  it('takes what concerns nobody else', () => {
    const { spec, paths } = laid({
      metadata: { labels: { team: 'a' }, annotations: { note: 'x' } },
      spec: {
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ operator: 'Exists' }],
        imagePullSecrets: [{ name: 'registry' }],
        volumes: [{ name: 'certificates', secret: { secretName: 'ca' } }],
        containers: [
          {
            name: 'component',
            env: [{ name: 'REGION', value: 'us' }],
            volumeMounts: [{ name: 'certificates', mountPath: '/certificates' }],
            securityContext: { readOnlyRootFilesystem: true, capabilities: { add: ['NET_BIND_SERVICE'] } },
          },
          { name: 'proxy', image: 'proxy:1' },
        ],
        initContainers: [{ name: 'weir-runner', resources: { limits: { memory: '1Gi' } } }],
      },
    })
    expect(paths).toEqual([])
    expect(spec).toMatchObject({ nodeSelector: { disk: 'ssd' }, imagePullSecrets: [{ name: 'registry' }] })
    const { env, volumeMounts, securityContext, command, image } = own({ spec })
    expect(itemsOf(env).find(({ name }) => name === 'REGION')).toEqual({ name: 'REGION', value: 'us' })
    expect(itemsOf(volumeMounts).at(-1)).toEqual({ name: 'certificates', mountPath: '/certificates' })
    expect(securityContext).toEqual({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    })
    expect({ command, image }).toEqual({ command: ['node', '/weir/shim/shim.cjs'], image: 'example.org/shop:3' })
    expect(own({ spec }, 'proxy')).toMatchObject({ securityContext: { allowPrivilegeEscalation: false } })
    expect(own({ spec }, 'weir-runner')).toMatchObject({
      resources: { limits: { memory: '1Gi' }, requests: { cpu: '50m' } },
    })
  })

  it.each([
    { over: { spec: { serviceAccountName: 'admin' } }, path: 'spec.serviceAccountName' },
    { over: { spec: { automountServiceAccountToken: true } }, path: 'spec.automountServiceAccountToken' },
    { over: { spec: { automountServiceAccountToken: null } }, path: 'spec.automountServiceAccountToken' },
    { over: { spec: { hostNetwork: true } }, path: 'spec.hostNetwork' },
    { over: { spec: { shareProcessNamespace: true } }, path: 'spec.shareProcessNamespace' },
    { over: { spec: { restartPolicy: 'Never' } }, path: 'spec.restartPolicy' },
    { over: { spec: { securityContext: { runAsNonRoot: false } } }, path: 'spec.securityContext.runAsNonRoot' },
    { over: { spec: { securityContext: null } }, path: 'spec.securityContext' },
    { over: { spec: { securityContext: { runAsUser: 0 } } }, path: 'spec.securityContext.runAsUser' },
    {
      over: { spec: { securityContext: { seccompProfile: { type: 'Unconfined' } } } },
      path: 'spec.securityContext.seccompProfile',
    },
    {
      over: { spec: { securityContext: { sysctls: [{ name: 'a', value: 'b' }] } } },
      path: 'spec.securityContext.sysctls',
    },
    {
      over: { spec: { volumes: [{ name: 'host', hostPath: { path: '/' } }] } },
      path: 'spec.volumes[host]',
    },
    {
      over: { spec: { volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] } },
      path: 'spec.volumes[t]',
    },
    {
      over: { spec: { volumes: [{ name: 'p', secret: { secretName: 'weir-runner' } }] } },
      path: 'spec.volumes[p]',
    },
    { over: { spec: { volumes: [{ name: 'weir-token', emptyDir: {} }] } }, path: 'spec.volumes[weir-token]' },
    {
      over: component({ volumeMounts: [{ name: 'weir-token', mountPath: '/token' }] }),
      path: 'spec.containers[component].volumeMounts[/token]',
    },
    {
      over: component({ volumeMounts: [{ name: 'weir-shim', mountPath: '/weir/shim', readOnly: false }] }),
      path: 'spec.containers[component].volumeMounts[/weir/shim]',
    },
    { over: component({ command: ['sh'] }), path: 'spec.containers[component].command' },
    { over: component({ args: ['-c'] }), path: 'spec.containers[component].args' },
    {
      over: component({ env: [{ name: 'WEIR_SUPERVISOR_SOCKET', value: '/x' }] }),
      path: 'spec.containers[component].env[WEIR_SUPERVISOR_SOCKET]',
    },
    {
      over: component({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'weir-runner', key: 'brokerUrl' } } }] }),
      path: 'spec.containers[component].env[A]',
    },
    {
      over: component({ envFrom: [{ secretRef: { name: 'weir-runner' } }] }),
      path: 'spec.containers[component].envFrom',
    },
    {
      over: component({ securityContext: { privileged: true } }),
      path: 'spec.containers[component].securityContext.privileged',
    },
    {
      over: component({ securityContext: { allowPrivilegeEscalation: true } }),
      path: 'spec.containers[component].securityContext.allowPrivilegeEscalation',
    },
    {
      over: component({ securityContext: { capabilities: { add: ['SYS_ADMIN'], drop: [] } } }),
      path: 'spec.containers[component].securityContext.capabilities.add',
    },
    {
      over: component({ securityContext: { runAsUser: 0 } }),
      path: 'spec.containers[component].securityContext.runAsUser',
    },
    {
      over: component({ ports: [{ containerPort: 80, hostPort: 80 }] }),
      path: 'spec.containers[component].ports[80].hostPort',
    },
    {
      over: { spec: { initContainers: [{ name: 'weir-runner', image: 'mine' }] } },
      path: 'spec.initContainers[weir-runner].image',
    },
    {
      over: { spec: { initContainers: [{ name: 'spy', volumeMounts: [{ name: 'weir-token', mountPath: '/t' }] }] } },
      path: 'spec.initContainers[spy].volumeMounts[/t]',
    },
    { over: { metadata: { labels: { 'weir.dev/pool': 'x' } } }, path: 'metadata.labels[weir.dev/pool]' },
    { over: { status: {} }, path: 'status' },
  ])('refuses $path, and says so', ({ over, path }) => {
    const { paths, spec, text: all } = laid(over)
    expect(paths).toContain(path)
    // As if it had not been there, but for what is harmless in it.
    expect(spec).toMatchObject({
      serviceAccountName: 'weir-shop-0684705cac',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    })
    expect(own({ spec })).toMatchObject({
      command: ['node', '/weir/shim/shim.cjs'],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    })
    expect(all).not.toMatch(/hostPath|hostPort|SYS_ADMIN|"privileged"|"sysctls"|Unconfined/)
    expect(all.split('weir-token').length).toBe(3)
    expect(all.split('"serviceAccountToken"').length).toBe(2)
    expect(all.split('"name":"weir-runner","key"').length).toBe(3)
  })

  it('gives back containers and volumes that were taken away as a whole', () => {
    const { spec } = laid({ spec: { containers: null, volumes: null, initContainers: null } })
    expect(own({ spec })['image']).toBe('example.org/shop:3')
    expect(own({ spec }, 'weir-runner')['restartPolicy']).toBe('Always')
    expect(itemsOf(spec['volumes']).length).toBe(5)
  })

  it('ends the runner before the pod is ended by force, and the supervisor after the runner', () => {
    const secondsOf = (container: Fields): string | undefined =>
      itemsOf(container['env']).find(({ name }) => name === 'WEIR_SHUTDOWN_SECONDS')?.['value'] as string | undefined
    const usual = laid({})
    expect(usual.spec['terminationGracePeriodSeconds']).toBe(50)
    expect([secondsOf(own(usual, 'weir-runner')), secondsOf(own(usual))]).toEqual(['30', '35'])
    const patient = laid({ spec: { terminationGracePeriodSeconds: 1220 } })
    expect(patient.spec['terminationGracePeriodSeconds']).toBe(1220)
    expect([secondsOf(own(patient, 'weir-runner')), secondsOf(own(patient))]).toEqual(['1200', '1205'])
  })

  it('runs the runner as whom the component runs as, since sockets are their user’s', () => {
    const { spec } = laid(component({ securityContext: { runAsUser: 2000 } }))
    expect(own({ spec }, 'weir-runner')['securityContext']).toMatchObject({ runAsUser: 2000 })
  })

  it('drops variables of the shim that a component sets, and says so', () => {
    const { refused, template } = podTemplate(wish({ ...shop, env: [{ name: 'WEIR_SHIM', value: 'x' }] }))
    expect(refused.map(({ path }) => path)).toEqual(['env[WEIR_SHIM]'])
    expect(JSON.stringify(template)).not.toContain('WEIR_SHIM')
  })
})

describe('the copying container', () => {
  const run = promisify(execFile)
  let directory = ''
  afterEach(() => rm(directory, { recursive: true, force: true }))

  async function copy(files: Readonly<Record<string, string>>): Promise<(path: string) => Promise<string>> {
    directory = await mkdtemp(join(tmpdir(), 'weir-copy-'))
    const at = (path: string): string => join(directory, path)
    const map = sourceMap(wish({ source: { files } }))
    await writeFile(at('shim'), 'the shim')
    await writeFile(at('files.json'), String(fieldsOf(map?.['data'])['files.json']))
    await mkdir(at('code'))
    await run(process.execPath, ['-e', copyProgram, at('shim'), at('copied'), at('files.json'), at('code')])
    return (path) => readFile(at(path), 'utf8')
  }

  it('writes the shim and each file of inline source, whatever it is called', async () => {
    const read = await copy({ 'a.js': 'a', './lib/$(b) c.js': 'b', '"quoted"': 'c' })
    expect(await read('copied')).toBe('the shim')
    expect([await read('code/a.js'), await read('code/lib/$(b) c.js'), await read('code/"quoted"')]).toEqual([
      'a',
      'b',
      'c',
    ])
  })

  it.each(['../outside.js', '/etc/outside', 'a/../../outside', '.'])('goes nowhere else: %s', async (path) => {
    await expect(copy({ [path]: 'x' })).rejects.toThrow('leads out of the component')
  })
})
