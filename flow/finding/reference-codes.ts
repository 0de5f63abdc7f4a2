import { error, errorWhenStrict, warning } from './code-row.ts'

/** What can be wrong between a flow and what it names: components, credentials, secrets, other flows. */
export const referenceCodes = {
  ComponentCode: error(
    'A Component has exactly one of `image` and `source`.',
    'Keep one; code in a directory is given on the command line: `--component NAME=DIR`.',
  ),
  ConfigInvalid: error(
    'A step’s `config` does not fit the schema of the component’s function.',
    'Follow the message; keys that `bind` or the credential give need not stand in `config`.',
  ),
  CredentialField: error(
    'A field of a Credential belongs to another type than its own.',
    'Remove it, or correct `type`.',
  ),
  CredentialType: error(
    'The credential has a type that the function or the webhook’s `auth` cannot use.',
    'Name one of the types in the message.',
  ),
  EnvValue: error('A variable has both `value` and `valueFrom`.', 'Keep one.'),
  MissingSecret: errorWhenStrict(
    'A Credential names a Secret that is in none of the given files.',
    'Give its manifest, too, or the credential itself: `--credential NAME=@FILE`.',
  ),
  ScalingContradiction: error('`scaling.min` is above `scaling.max`.', 'Raise `max` or lower `min`.'),
  SchemaUnusable: warning(
    'A function’s config schema cannot be used, so `config` was not judged.',
    'Mend the schema in the component.',
  ),
  SecretKey: error(
    'The Secret lacks a key that the type of its Credential needs.',
    'Add it, or map it with `secretRef.keys`.',
  ),
  SourceFileName: error(
    'A name in `source.files` cannot be a file of the component: it leads out of its directory, has characters that file names lack, or lies in what is a file itself.',
    'Write a plain path from the component’s directory, as `lib/shop.js`.',
  ),
  SyncFromZero: warning(
    'A webhook that waits for its answer leads through a component that may be scaled to zero, whose start the caller waits for.',
    'Set `scaling.min: 1` on the component.',
  ),
  TriggerFunctionNotAtEntry: error(
    'A function of kind `trigger` stands where other steps lead to; it is called by its flow’s triggers alone.',
    'Make it the entry of a trigger, or name an action.',
  ),
  TriggerNeedsTriggerFunction: error(
    '`poll` and `listen` call a function of kind `trigger`, and their entry step is none.',
    'Point the trigger’s `to` at such a step, or use `schedule`.',
  ),
  UnknownComponent: errorWhenStrict(
    'The component is in none of the given files and not in the catalogue.',
    'Correct the name, give its manifest, or its code: `--component NAME=DIR`.',
  ),
  UnknownCredential: errorWhenStrict(
    'The credential is in none of the given files.',
    'Correct the name, give its manifest, or the credential itself: `--credential NAME=@FILE`.',
  ),
  UnknownFunction: error('The component has no function of this name.', 'Take one that the message lists.'),
  WebhookPathClash: error(
    'Two webhooks of a namespace match the same requests.',
    'Change one path, or give them different `methods`.',
  ),
} as const
