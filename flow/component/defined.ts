/** The fields that have a value: what is undefined is left out, as JSON would. */
export function defined<T extends object>(fields: T): Defined<T> {
  const kept: Partial<T> = {}
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key]
  return kept as Defined<T> // what is undefined in T is optional in the result
}

type Defined<T> = { readonly [K in RequiredKeys<T>]: T[K] } & {
  readonly [K in Exclude<keyof T, RequiredKeys<T>>]?: Exclude<T[K], undefined>
}

type RequiredKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T]
