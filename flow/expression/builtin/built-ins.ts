import type { FunctionValue } from '../evaluate/function-value.ts'
import { functionValues } from './built-in.ts'
import { listFunctions } from './list.ts'
import { matchingFunctions } from './matching.ts'
import { numberFunctions } from './number.ts'
import { objectFunctions } from './object.ts'
import { textFunctions } from './text.ts'
import { timeFunctions } from './time.ts'
import { visitingFunctions } from './visiting.ts'

/** JSONata's functions by name. `$eval` is not among what can be used: what it reads could not be known beforehand. */
export const builtIns: ReadonlyMap<string, FunctionValue> = new Map([
  ...functionValues(textFunctions),
  ...functionValues(numberFunctions),
  ...functionValues(listFunctions),
  ...functionValues(objectFunctions),
  ...functionValues(visitingFunctions),
  ...functionValues(matchingFunctions),
  ...functionValues(timeFunctions),
])
