/** Before it quorum queues cannot do what is promised here: time to live, and dead letters at least once. */
const oldest = [3, 10] as const

/** What is wrong with the server that calls itself so; undefined when it will do, or does not say. */
export function serverProblem({
  product,
  version,
}: {
  readonly product?: unknown
  readonly version?: unknown
}): string | undefined {
  if (typeof product === 'string' && product !== 'RabbitMQ') return `is ${product}, not RabbitMQ`
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(String(version)) ?? []
  if (major === undefined || minor === undefined) return undefined
  const isOld = Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1])
  return isOld ? `is version ${String(version)}; upgrade it to ${oldest.join('.')} or later` : undefined
}
