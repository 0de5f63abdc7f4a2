import { error, warning } from './code-row.ts'

/** What can be wrong with a file, a document or a field, before anything is known of flows. */
export const manifestCodes = {
  AliasesExplode: error(
    'Aliases (`*name`) stand for far more than is written, or for something that they stand in themselves.',
    'Write the values out, or alias smaller parts.',
  ),
  BinaryFile: error('The file is not text.', 'Give YAML or JSON in UTF-8.'),
  DuplicateKey: error(
    'A key stands twice in the same map; YAML readers disagree on which one counts.',
    'Keep one of the two.',
  ),
  DuplicateObject: error(
    'Two objects of the same kind, namespace and name are given.',
    'Rename or remove one; the message says where the other one stands.',
  ),
  EmptyFile: warning('The file holds nothing but space and comments.', 'Write a manifest into it, or leave it out.'),
  ExpressionNotString: error(
    'An expression is always text, and YAML reads this value as something else: a boolean, a number, a map or a list.',
    'Quote the expression: `when: "true"`, or use a block: `transform: |`.',
  ),
  FileTooLarge: error(
    'The file has more than 5,000,000 characters or 10,000 documents and was not read.',
    'Split it; give other data to the flow at run time.',
  ),
  FlowTooLarge: error('A Flow is larger than 256 KiB.', 'Split the flow, or move fixed data out of it.'),
  MissingField: error('A field that is always needed is not there.', 'Write it; the message names it.'),
  MissingKind: error(
    'A document looks like one of ours but has no `kind` or no `apiVersion`.',
    'Write both, as `apiVersion: weir.dev/v1alpha1` and `kind: Flow`.',
  ),
  MoreFindings: warning(
    'A document has more findings than are listed; the first hundred are shown.',
    'Mend those and lint again.',
  ),
  NotAnObject: error('A document is a list or a single value, not a map.', 'A manifest begins with `apiVersion:`.'),
  OutOfBounds: error(
    'A number is too small or too large, a text too short or too long, or a list or map has too few or too many entries.',
    'Stay within the bounds that the message names.',
  ),
  TooDeep: error('Values are nested more than 100 levels deep.', 'Flatten them.'),
  UnknownField: error(
    'There is no field of this name here: it is misspelt, stands at the wrong place, or is the word of another system.',
    'Take the field that the message suggests, or remove it.',
  ),
  UnknownKind: error('`weir.dev` has no kind of this name.', 'Take the kind that the message suggests.'),
  UnknownValue: error(
    'The field takes one of a few words, and this is none of them.',
    'Take one that the message lists.',
  ),
  WrongApiVersion: error('The kind is ours, the `apiVersion` is not.', 'Write the one that the message names.'),
  WrongFormat: error('A text does not have the form that its field asks for.', 'Follow the rule in the message.'),
  WrongType: error('A value has another type than its field.', 'Write the type that the message names.'),
  YamlBoolean: warning(
    '`yes`, `no`, `on`, `off`, `y` and `n` are texts to Weir and to YAML 1.2, and booleans to kubectl, which reads YAML 1.1.',
    'Put quotes around the word.',
  ),
  YamlSyntax: error(
    'The text is no valid YAML from here on; the rest of this document was not read.',
    'Mend the line; text with `: `, ` #`, or a leading `"`, `{`, `[`, `*`, `&`, `!`, `%`, `@` needs quotes around it.',
  ),
} as const
