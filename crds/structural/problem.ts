/** Why an API server would refuse a schema, or why we do. */
export interface Problem {
  /** As `spec.steps[].next[].to`, `spec.steps[].bind{}` for a map's values; empty for the root. */
  readonly path: string
  readonly message: string
}

/** A schema that no CustomResourceDefinition can carry; all that is wrong with it at once. */
export class StructuralError extends Error {
  override readonly name = 'StructuralError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ path, message }) => `  ${path === '' ? '(root)' : path}: ${message}`)
    super(`not a structural schema:\n${lines.join('\n')}`)
    this.problems = problems
  }
}

export function propertyPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
