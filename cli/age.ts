const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** How long ago, as short as kubectl says it: 45s, 5m30s, 90m, 3h20m, 30h, 12d. */
export function age(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < 2 * minute) return `${Math.floor(ms / second)}s`
  if (ms < 10 * minute) return both(ms, { unit: minute, name: 'm', part: second, partName: 's' })
  if (ms < 3 * hour) return `${Math.floor(ms / minute)}m`
  if (ms < 8 * hour) return both(ms, { unit: hour, name: 'h', part: minute, partName: 'm' })
  if (ms < 2 * day) return `${Math.floor(ms / hour)}h`
  return `${Math.floor(ms / day)}d`
}

interface Units {
  readonly unit: number
  readonly name: string
  readonly part: number
  readonly partName: string
}

function both(ms: number, { unit, name, part, partName }: Units): string {
  const parts = Math.floor((ms % unit) / part)
  return `${Math.floor(ms / unit)}${name}${parts === 0 ? '' : `${parts}${partName}`}`
}
