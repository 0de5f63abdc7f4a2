/**
 * Stores an order and emits the reference that id linking needs.
 */
// oxlint-disable-next-line max-params -- what ferryman passes
async function processAction(msg, cfg, snapshot, incomingMessageHeaders, tokenData) {
  try {
    const { data, metadata } = msg
    if (!data.number) throw new Error('Order without number')
    this.logger.info(`${tokenData.function}: storing order ${data.number}`)

    await this.emit('data', {
      metadata: { ...metadata, recordUid: `stored-${metadata.recordUid}` },
      data: { ...data, currency: cfg.currency },
    })
    this.emit('end')
  } catch (e) {
    this.emit('error', e)
  }
}

module.exports = { process: processAction }
