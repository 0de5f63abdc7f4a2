'use strict'

const net = require('net')
const { frame, frameReader, frameWriter } = require('./frames.cjs')

/**
 * A process that a component's code lives in. What it needs comes in one variable, gone before that code is loaded;
 * the socket's path is gone by then as well, and the token has been used.
 *
 * @type {{ socket: string, token: string, dialect: 'oih' | 'elasticio', quietCapMs: number }}
 */
const settings = JSON.parse(process.env.WEIR_SHIM || '{}')
delete process.env.WEIR_SHIM

const exitAnywayAfterMs = 1000
let isCrashing = false

const socket = net.connect(settings.socket)
const writer = frameWriter(socket)
// Without its runner a component's process has no reason to live.
socket.on('error', () => process.exit(isCrashing ? 1 : 0))
socket.on('close', () => process.exit(isCrashing ? 1 : 0))
socket.on('connect', () => {
  writer.send(frame.hello, 0, settings.token)
  writer.flush()
  // While the runner answers.
  serve()
})

function serve() {
  const { quietWatch } = require('./quiet.cjs')
  const { openServer } = require('./serve.cjs')
  const server = openServer(writer, {
    // The working directory is the component's root, as in the vendors' images.
    root: require('path').join(process.cwd(), process.env.ELASTICIO_COMPONENT_PATH || ''),
    dialect: settings.dialect,
    logLevel: process.env.LOG_LEVEL,
    platform: platformSettings(),
    waitUntilQuiet: settings.quietCapMs > 0 ? quietWatch(socket, settings.quietCapMs) : undefined,
  })
  const read = frameReader(server.onFrame)
  socket.on('data', (chunk) => {
    if (!isCrashing) read(chunk)
  })
  process.on('unhandledRejection', (reason) => server.onUnhandledRejection(reason))
  process.on('uncaughtException', crash)
}

/** Last words, then the exit that the vendors' runtimes make at once. @param {unknown} error */
function crash(error) {
  if (isCrashing) return
  isCrashing = true
  const { toFailure } = require('./failure.cjs')
  writer.send(frame.crash, 0, JSON.stringify(toFailure(error)))
  writer.flush()
  setTimeout(() => process.exit(1), exitAnywayAfterMs)
  socket.end(() => process.exit(1))
}

/** The vendors' settings, by the names that they have in their runtimes. */
function platformSettings() {
  const prefix = 'ELASTICIO_'
  const names = Object.keys(process.env).filter((name) => name.startsWith(prefix))
  return names.reduce((all, name) => Object.assign(all, { [name.slice(prefix.length)]: process.env[name] }), {})
}
