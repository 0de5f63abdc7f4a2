import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../crds/v1alpha1/meta.ts'
import type { CommandContext } from '../commands/context.ts'
import { readObjectOption } from '../read-value.ts'
import { UsageError } from '../usage-error.ts'

/**
 * What a person makes of the message in their editor (`VISUAL`, `EDITOR`, else vi); undefined when they leave it as it is.
 *
 * @throws {UsageError} when there is no editor, it fails, or what it leaves is no message; then the text is kept, and where it is said
 */
export async function editInEditor(
  { environment, terminal }: Pick<CommandContext, 'environment' | 'terminal'>,
  message: JsonObject,
): Promise<JsonObject | undefined> {
  // Nobody else is to read it: the directory is its owner's, as the file.
  const directory = await mkdtemp(join(tmpdir(), 'weir-edit-'))
  const file = join(directory, 'message.json')
  const before = `${JSON.stringify(message, undefined, 2)}\n`
  await writeFile(file, before, { mode: 0o600 })
  const editor = environment['VISUAL'] ?? environment['EDITOR'] ?? 'vi'
  const isDone = await isEdited(editor, file)
  // What was typed with care is not thrown away, for a comma or an editor that fails: it is said where it lies.
  if ((await readFile(file, 'utf8')) !== before) {
    if (!isDone) throw failed(editor, `; what it wrote is in ${file}`)
    const after = await readObjectOption({ option: '--edit', text: `@${file}` }, terminal)
    await rm(directory, { recursive: true })
    return after
  }
  await rm(directory, { recursive: true })
  if (!isDone) throw failed(editor, '')
  return undefined
}

/** An editor may be a command with options, as `code --wait`. */
async function isEdited(editor: string, file: string): Promise<boolean> {
  const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' })
  const [code] = (await once(child, 'close')) as [number | null]
  return code === 0
}

function failed(editor: string, more: string): UsageError {
  return new UsageError(
    `--edit: the editor (${editor}) failed: set EDITOR to another, or use --edit-with or --data${more}`,
  )
}
