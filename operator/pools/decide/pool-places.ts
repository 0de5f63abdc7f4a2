/** Where things lie in a pool's pods, and what they are called there. */
export const names = {
  copy: 'weir-copy',
  runner: 'weir-runner',
  component: 'component',
} as const

/** Whatever begins like this in a pod is ours. */
export const ownPrefix = 'weir-'

export const volumes = {
  shim: 'weir-shim',
  sockets: 'weir-sockets',
  token: 'weir-token',
  runnerFiles: 'weir-runner-tmp',
  files: 'weir-tmp',
  source: 'weir-source',
  code: 'weir-code',
} as const

export const paths = {
  shim: '/weir/shim',
  sockets: '/weir/sockets',
  /** Where whoever reads a service account looks for it. */
  token: '/var/run/secrets/kubernetes.io/serviceaccount',
  source: '/weir/source',
  code: '/weir/code',
} as const

export const shimFile = `${paths.shim}/shim.cjs`
export const supervisorSocket = `${paths.sockets}/supervisor.sock`
/** Key of a ConfigMap with inline source: a JSON object from path to text. */
export const sourceKey = 'files.json'
