import type { CodeRow } from '../finding/code-row.ts'
import { error, warning } from '../finding/code-row.ts'

/** What can be wrong with a component's own declaration. */
export const componentCodes = {
  ComponentJsonInvalid: error(
    'A component.json is not valid JSON, or a part of it that Weir needs has another form.',
    'Correct the place that the message names; JSON allows no comments and no comma before a closing bracket.',
  ),
  ComponentJsonMissing: error(
    'A component’s directory holds no component.json, and its resource names no functions.',
    'Add a component.json that names the functions, or list them in the Component’s `functions`.',
  ),
  FunctionWithoutMain: warning(
    'A component.json, or a Component with inline source, names a function but not the file that holds it, so no step can call it.',
    'Give the file in the function’s `main`.',
  ),
} satisfies Readonly<Record<string, CodeRow>>
