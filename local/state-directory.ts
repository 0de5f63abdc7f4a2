import { PermanentError } from '../runtime/error.ts'
import { directoryProblem, makeDirectory } from './make-directory.ts'

/** Dead letters hold what came in: nobody else is to read them. */
const ownersDirectory = 0o700

/** @throws {PermanentError} `StateUnusable` when there is no such directory and none can be made */
export async function makeStateDirectory(directory: string): Promise<void> {
  await makeDirectory(directory, ownersDirectory).catch((cause: unknown) => {
    const message = `state ${directory} cannot be used: ${directoryProblem(cause)}. Name a directory that can be written`
    throw new PermanentError('StateUnusable', message, { cause })
  })
}
