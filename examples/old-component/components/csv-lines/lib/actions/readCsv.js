'use strict'

exports.process = processAction

/**
 * Emits one message per line of the incoming CSV. The first line holds the column names.
 */
function processAction(msg, cfg) {
  const self = this
  const separator = cfg.separator || ','
  const rows = String(msg.body.csv || '')
    .trim()
    .split(/\r?\n/)
  const columns = rows.shift().split(separator)

  self.logger.info('Reading %d lines', rows.length)

  setImmediate(function () {
    rows.forEach(function (row) {
      const cells = row.split(separator)
      if (cells.length !== columns.length) {
        self.emit('error', new Error('Line has ' + cells.length + ' cells instead of ' + columns.length + ': ' + row))
        return
      }
      const body = {}
      columns.forEach(function (column, index) {
        body[column] = cells[index]
      })
      self.emit('data', { headers: {}, body: body })
    })
    self.emit('end')
  })
}
