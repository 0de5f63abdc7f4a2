import type { CodeRow } from './code-row.ts'
import { error, warning } from './code-row.ts'

/** What can be wrong with the files that a command is given, and with running them on this machine. */
export const localCodes = {
  ComponentCodeMissing: error(
    'A step calls a component whose code is in an image, and images do not run on this machine.',
    'Give the directory of its code: `--component NAME=DIR`.',
  ),
  ComponentDirectory: error(
    'A directory that was given with `--component` cannot be read.',
    'Name the directory that holds the component.json.',
  ),
  EnvNotGiven: warning(
    'A variable of a component takes its value from a Secret that is not given, or from what only a cluster has. It is not set.',
    'Give the Secret, too, or a literal `value`.',
  ),
  FileNotFound: error('There is no file or directory of this name.', 'Correct the name.'),
  FileUnreadable: error('A file or directory cannot be read.', 'Follow the message; often its permissions are wrong.'),
  NoManifests: error(
    'A directory holds no manifests, or more files than are looked through.',
    'Name another one, or the files themselves.',
  ),
} satisfies Readonly<Record<string, CodeRow>>
