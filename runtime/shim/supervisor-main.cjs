'use strict'

const net = require('net')
const { containerMemory } = require('./container-memory.cjs')
const { lineReader } = require('./lines.cjs')
const { supervisedChildren } = require('./supervised-children.cjs')

/**
 * The first process of a component's container: starts component processes when the runner, in the container beside it, says so.
 * It keeps nothing from one runner to the next: when the connection is lost it ends every process, and connects anew.
 *
 * Both ways go lines of JSON. From the runner: `launch {id, directory?, env, maxHeapMb}`, `kill {id}`, `rss {id}`, `drained`.
 * To the runner: `hello {pid, node, memoryBytes?}`, `exited {id, code?, signal?}`, `notStarted {id, reason}`, `output {id, stream, text}`,
 * `rss {id, bytes?}`, `draining`.
 */
const path = String(process.env.WEIR_SUPERVISOR_SOCKET)
const shutdownSeconds = Number(process.env.WEIR_SHUTDOWN_SECONDS || 25)
const connectAgainMs = 200

const children = supervisedChildren(tell, process.env)
/** @type {import('net').Socket | undefined} */
let runner
let isDraining = false

/** @param {object} message */
function tell(message) {
  if (runner !== undefined && runner.writable) return runner.write(`${JSON.stringify(message)}\n`)
  return true
}

function connect() {
  const socket = net.connect(path)
  socket.on('connect', () => {
    runner = socket
    tell({ type: 'hello', pid: process.pid, node: process.version, memoryBytes: containerMemory() })
    if (isDraining) tell({ type: 'draining' })
  })
  socket.on('data', lineReader(onMessage))
  socket.on('drain', () => children.resumeOutput())
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    runner = undefined
    // A new runner knows nothing of them; the messages that they work on are with another by now.
    children.endAll()
    if (isDraining) process.exit(0)
    setTimeout(connect, connectAgainMs)
  })
}

/** @param {any} message */
function onMessage(message) {
  if (message.type === 'launch') children.launch(message)
  else if (message.type === 'kill') children.kill(message.id)
  else if (message.type === 'rss') children.tellMemory(message.id)
  else if (message.type === 'drained') process.exit(0)
}

// The runner may still finish what the children work on: they never see this signal.
process.on('SIGTERM', () => {
  if (isDraining) return
  isDraining = true
  if (runner === undefined) process.exit(0)
  tell({ type: 'draining' })
  setTimeout(() => process.exit(0), shutdownSeconds * 1000)
})
process.on('exit', () => children.endAll())
connect()
