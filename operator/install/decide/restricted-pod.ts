/** What a program of Weir's own is run with. */
export interface ProgramPod {
  /** Of its container, and of the file that it runs. */
  readonly program: string
  readonly container: string
  readonly image: string
  readonly httpPort: number
  /** What has started may take so long after the signal. */
  readonly shutdownSeconds: number
  readonly env: readonly object[]
  readonly envFrom?: readonly object[]
  readonly ports?: readonly object[]
  readonly resources: object
}

/** A program's own last word, and one for the kubelet. */
const lastWordSeconds = 15

/** As PodSecurity *restricted* wants it; without `serviceAccountName`. */
export function podSpec(pod: ProgramPod): object {
  return {
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: pod.shutdownSeconds + lastWordSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [containerOf(pod)],
  }
}

function containerOf(pod: ProgramPod): object {
  const probe = (path: string): object => ({ httpGet: { path, port: 'metrics' } })
  const { container, program, image, envFrom, httpPort, ports = [], shutdownSeconds } = pod
  return {
    name: container,
    image,
    command: ['node', `/opt/weir/runtime/programs/${program}.mjs`],
    ...(envFrom !== undefined && { envFrom }),
    env: [
      ...pod.env,
      { name: 'WEIR_HTTP_PORT', value: String(httpPort) },
      { name: 'WEIR_SHUTDOWN_SECONDS', value: String(shutdownSeconds) },
    ],
    ports: [{ name: 'metrics', containerPort: httpPort, protocol: 'TCP' }, ...ports],
    startupProbe: { ...probe('/livez'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 5 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    resources: pod.resources,
  }
}
