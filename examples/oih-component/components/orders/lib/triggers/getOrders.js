const orders = require('../orders')

/**
 * Emits every order that was changed after the snapshot's lastUpdated.
 *
 * @param msg - Incoming message, not used
 * @param cfg - Fields and secret
 * @param {{ lastUpdated?: number }} snapshot - Saved by the last run
 */
async function processTrigger(msg, cfg, snapshot = {}) {
  try {
    const since = snapshot.lastUpdated || 0
    const changed = orders.filter((order) => order.lastUpdate > since)
    this.logger.info(`Found ${changed.length} new orders`)

    changed.forEach((order) => {
      const { uid, ...data } = order
      this.emit('data', { metadata: { recordUid: uid, applicationUid: 'order-system' }, data })
    })

    const lastUpdated = Math.max(since, ...changed.map((order) => order.lastUpdate))
    this.emit('snapshot', { ...snapshot, lastUpdated })
    this.emit('end')
  } catch (e) {
    this.emit('error', e)
  }
}

module.exports = { process: processTrigger }
