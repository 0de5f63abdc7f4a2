import { Buffer } from 'node:buffer'
import type { ComponentFunction } from '../../../crds/v1alpha1/component.ts'
import type { FunctionContract } from '../../../flow/component/component-contract.ts'

/** Of the 32 KiB that a status may have. */
const mostBytes = 24_576
const mostFunctions = 256

/** What a component offers, as its status shows it: where that would be too much, first without the schemas of data, then without any. */
export function functionsForStatus(functions: readonly FunctionContract[]): readonly ComponentFunction[] {
  const all = functions.slice(0, mostFunctions).map(shown)
  const forms: readonly (readonly ComponentFunction[])[] = [
    all,
    all.map(({ input: _input, output: _output, ...rest }) => rest),
    all.map(({ input: _input, output: _output, config: _config, ...rest }) => rest),
  ]
  return forms.find((form) => Buffer.byteLength(JSON.stringify(form)) <= mostBytes) ?? all.map(barely)
}

function barely({ name, kind, main, emits, snapshot, checkpoint }: ComponentFunction): ComponentFunction {
  return {
    name,
    kind,
    ...(main !== undefined && { main }),
    ...(emits !== undefined && { emits }),
    ...(snapshot !== undefined && { snapshot }),
    ...(checkpoint !== undefined && { checkpoint }),
  }
}

function shown({ main, title, description, ...rest }: FunctionContract): ComponentFunction {
  return {
    ...rest,
    ...(main !== '' && { main }),
    ...(title !== undefined && { title: title.slice(0, 256) }),
    ...(description !== undefined && { description: description.slice(0, 4_096) }),
  }
}
