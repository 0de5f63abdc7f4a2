import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize, sep } from 'node:path'
import type { ComponentSpec } from '../crds/v1alpha1/component.ts'
import { PermanentError } from '../runtime/error.ts'

/** Inline source as files, in a private directory of this process. */
export interface SourceWriter {
  /** The directory that holds the component's files; the same for the same object. */
  readonly directoryOf: (spec: ComponentSpec) => Promise<string>
  /** Removes all that was written. Safe to repeat. */
  readonly close: () => Promise<void>
}

export function sourceWriter(): SourceWriter {
  const written = new Map<ComponentSpec, Promise<string>>()
  let root: Promise<string> | undefined
  const write = async (spec: ComponentSpec, name: string): Promise<string> => {
    root ??= mkdtemp(join(tmpdir(), 'weir-source-'))
    const directory = join(await root, name)
    await writeFiles(directory, spec.source?.files ?? {})
    return directory
  }
  return {
    directoryOf: (spec) => {
      const known = written.get(spec)
      if (known !== undefined) return known
      const writing = write(spec, String(written.size))
      written.set(spec, writing)
      // What failed is tried again by the next message.
      writing.catch(() => written.delete(spec))
      return writing
    },
    close: async () => {
      const made = root
      root = undefined
      if (made !== undefined) await rm(await made, { recursive: true, force: true })
    },
  }
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = normalize(join(directory, name))
    if (!file.startsWith(directory + sep)) {
      throw new PermanentError('SourceOutside', `source file "${name}" leaves the component's directory`)
    }
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
}
