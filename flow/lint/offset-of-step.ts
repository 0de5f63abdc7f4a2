/** How many characters into the expression it names the step; 0 when that cannot be told. */
export function offsetOfStep(source: string, name: string): number {
  const forms = [`$steps.${name}`, `$steps.\`${name}\``, `$steps."${name}"`, name]
  return forms.map((form) => source.indexOf(form)).find((at) => at !== -1) ?? 0
}
