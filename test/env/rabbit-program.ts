import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, readdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { firstLines, installed } from './cache-directory.ts'
import { quoted, unpackDebian, useOwnLibraries } from './debian-packages.ts'

const run = promisify(execFile)

/** RabbitMQ's major version. */
export type RabbitVersion = 3 | 4

/** What starts a RabbitMQ here, or why nothing does. */
export type RabbitProgram =
  | { readonly kind: 'found'; readonly server: string; readonly epmd: string; readonly path: string }
  | { readonly kind: 'missing'; readonly reason: string }

/** The wrappers in /usr/sbin insist on root or a user of their own. */
const systemServer = '/usr/lib/rabbitmq/bin/rabbitmq-server'

interface Release {
  readonly release: string
  /** What RabbitMQ's directory is named for. */
  readonly version: string
  readonly packages: readonly string[]
}

const erlangParts =
  'base asn1 crypto eldap inets mnesia os-mon parsetools public-key runtime-tools ssl syntax-tools tools xmerl'
const erlang = erlangParts.split(' ').map((part) => `erlang-${part}`)
const libraries = 'libc6 libgcc-s1 libstdc++6 libtinfo6 zlib1g libsystemd0 libcap2 libzstd1'.split(' ')
const olderLibraries = 'libssl3 libsctp1 libgcrypt20 libgpg-error0 liblzma5 liblz4-1'.split(' ')

const releases: Readonly<Record<RabbitVersion, Release>> = {
  3: {
    release: 'bookworm',
    version: '3.10',
    packages: ['rabbitmq-server', ...erlang, ...libraries, ...olderLibraries],
  },
  4: {
    release: 'trixie',
    version: '4.0',
    packages: ['rabbitmq-server', ...erlang, ...libraries, 'libssl3t64'],
  },
}

/** The system's own RabbitMQ where it has that version, else Debian's, unpacked once into the cache. No root needed. */
export async function findRabbit(version: RabbitVersion = 3): Promise<RabbitProgram> {
  if (await isSystems(version))
    return { kind: 'found', server: systemServer, epmd: 'epmd', path: process.env['PATH'] ?? '' }
  const release = releases[version]
  try {
    const directory = await installed({
      name: `rabbitmq-${release.version}`,
      isUsable,
      install: (directory, final) => install(release, directory, final),
    })
    const bin = erlangBin(directory)
    const server = join(directory, systemServer)
    return { kind: 'found', server, epmd: join(bin, 'epmd'), path: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }
  } catch (error) {
    const remedy = `install rabbitmq-server ${release.version} or newer, or set AMQP_URL and RABBITMQ_MANAGEMENT_URL`
    return { kind: 'missing', reason: `no RabbitMQ ${version} could be installed (${firstLines(error)}): ${remedy}` }
  }
}

async function isSystems(version: RabbitVersion): Promise<boolean> {
  const library = '/usr/lib/rabbitmq/lib'
  if (!existsSync(systemServer) || !existsSync(library)) return false
  const names = await readdir(library)
  const [, major, minor] = /^rabbitmq_server-(\d+)\.(\d+)/.exec(names.find((name) => /-\d/.test(name)) ?? '') ?? []
  return Number(major) === version && (version > 3 || Number(minor) >= 10) && (await doesErlangRun('erl'))
}

async function install(release: Release, directory: string, final: string): Promise<void> {
  await unpackDebian(release.release, release.packages, directory)
  const library = join('usr', 'lib', 'erlang')
  const all = await readdir(join(directory, library), { recursive: true, withFileTypes: true })
  // Not only Erlang itself: parts of its library start small programs of their own.
  const programs = all
    .filter((entry) => entry.isFile() && entry.parentPath.endsWith('/bin') && !entry.name.includes('.'))
    .map((entry) => join(entry.parentPath.slice(directory.length + 1), entry.name))
  const machine = 'beam.smp'
  const erts = (await readdir(join(directory, library))).find((name) => name.startsWith('erts-'))
  if (erts === undefined) throw new Error('the packages hold no Erlang')
  await useOwnLibraries(directory, final, [...programs, join(library, erts, 'bin', machine)])
  await writeErlangStarter(directory, final, join(library, erts, 'bin'))
}

/** Debian's own has the directory of an installed Erlang written into it. */
async function writeErlangStarter(directory: string, final: string, bin: string): Promise<void> {
  const root = quoted(join(final, 'usr', 'lib', 'erlang'))
  const start = `exec ${quoted(join(final, bin, 'erlexec'))} "$@"`
  const text = `#!/bin/sh\nexport EMU=beam PROGNAME=erl ROOTDIR=${root} BINDIR=${quoted(join(final, bin))}\n${start}\n`
  for (const path of [join(directory, bin, 'erl'), join(erlangBin(directory), 'erl')]) {
    await writeFile(path, text)
    await chmod(path, 0o755)
  }
}

function erlangBin(directory: string): string {
  return join(directory, 'usr', 'lib', 'erlang', 'bin')
}

async function isUsable(directory: string): Promise<boolean> {
  return existsSync(join(directory, systemServer)) && doesErlangRun(join(erlangBin(directory), 'erl'))
}

/** With its cryptography, which is what a wrong library breaks first. */
async function doesErlangRun(erl: string): Promise<boolean> {
  const program = 'crypto:start(), application:load(os_mon), halt(0).'
  return run(erl, ['-noshell', '-eval', program], { timeout: 30_000 }).then(
    () => true,
    () => false,
  )
}
