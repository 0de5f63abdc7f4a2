'use strict'

const { format } = require('util')
const { stringify, isError } = require('./json.cjs')
const { cut } = require('./failure.cjs')

const levels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 }
const maxFieldsLength = 8 * 1024

/** By a symbol, so that a logger which is itself logged or spread drags nothing visible along. */
const sinkKey = Symbol('weir.sink')

/**
 * The part of a bunyan logger that components use: levels, `child`, `fields`, `level`.
 *
 * @typedef {(record: { level: number, message: string, fields: string }) => void} LogSink
 */
class Logger {
  /**
   * @param {LogSink} sink
   * @param {Record<string, unknown>} fields
   * @param {number} level
   */
  constructor(sink, fields, level) {
    this.fields = fields
    this._level = level
    this[sinkKey] = sink
  }

  /** @param {Record<string, unknown>} [fields] */
  child(fields) {
    return this.withFields(Object.assign({}, this.fields, fields))
  }

  /** @param {Record<string, unknown>} fields all that it has */
  withFields(fields) {
    return new Logger(this[sinkKey], fields, this._level)
  }

  /** Gives the level, or sets it to a name or number. @param {string | number} [level] */
  level(level) {
    if (level === undefined) return this._level
    this._level = levelNumber(level)
    return this._level
  }

  levels(_name, level) {
    return level === undefined ? [this._level] : this.level(level)
  }

  addStream() {}

  addSerializers() {}

  reopenFileStreams() {}
}

for (const name of Object.keys(levels)) {
  /** With no arguments it says whether the level is on, as bunyan's do. */
  Logger.prototype[name] = function log(...args) {
    const isOn = levels[name] >= this._level
    if (args.length === 0) return isOn
    if (isOn) this[sinkKey](toRecord(levels[name], this.fields, args))
    return undefined
  }
}

/** @param {string | number | undefined} level @returns {number} */
function levelNumber(level) {
  if (typeof level === 'number') return level
  return levels[String(level).toLowerCase()] || levels.info
}

/** @param {number} level @param {Record<string, unknown>} fields @param {unknown[]} args */
function toRecord(level, fields, args) {
  const [first, ...rest] = args
  if (isError(first))
    return record(
      level,
      Object.assign({}, fields, { err: errorFields(first) }),
      rest.length > 0 ? rest : [first.message],
    )
  if (typeof first === 'object' && first !== null && !Array.isArray(first))
    return record(level, Object.assign({}, fields, first), rest)
  return record(level, fields, args)
}

/** @param {Error} error */
function errorFields(error) {
  return { name: error.name, message: error.message, stack: error.stack }
}

function record(level, fields, args) {
  return {
    level,
    message: cut(
      safely(() => format(...args)),
      maxFieldsLength,
    ),
    fields: fieldsText(fields),
  }
}

/** @param {Record<string, unknown>} fields */
function fieldsText(fields) {
  const text = safely(() => stringify(fields))
  if (text.length <= maxFieldsLength && text[0] === '{') return text
  return stringify({ cut: cut(text, maxFieldsLength) })
}

/** A log line is no reason to fail: what cannot be written says so. @param {() => string} write */
function safely(write) {
  try {
    return write()
  } catch (error) {
    return `(cannot be logged: ${String(error && error.message)})`
  }
}

module.exports = { Logger, levelNumber }
