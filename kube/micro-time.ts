/** Kubernetes' MicroTime, which is refused with less than six digits. */
export function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z')
}
