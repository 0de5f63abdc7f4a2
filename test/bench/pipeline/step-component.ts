import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const files = {
  'component.json': JSON.stringify({ title: 'Step', actions: { step: { title: 'Step', main: './step.js' } } }),
  'package.json': '{"name": "step", "version": "1.0.0", "private": true}',
  // Does to each message what the control does.
  'step.js': `exports.process = async ({ data: { n, sentAtUs, contact } }) => ({ data: { n, sentAtUs, contact, seen: true } })\n`,
}

/** The code of the component `step`, written into the directory. */
export async function stepComponent(directory: string): Promise<void> {
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text)
}
