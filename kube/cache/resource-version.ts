/** Whether one is newer than the other, of one kind. Numbers that grow without a bound, so not what `Number` holds; without one is oldest. */
export function isNewer(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return version !== undefined
  return version.length === than.length ? version > than : version.length > than.length
}
