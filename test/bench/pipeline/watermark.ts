/** Acknowledges deliveries up to the first that is not done, once a turn of the loop. */
export function watermark(ackUpTo: (deliveryTag: number) => void): {
  readonly done: (deliveryTag: number) => void
} {
  const done = new Set<number>()
  let acknowledged = 0
  let isScheduled = false
  const flush = (): void => {
    isScheduled = false
    let upTo = acknowledged
    while (done.delete(upTo + 1)) upTo += 1
    if (upTo === acknowledged) return
    acknowledged = upTo
    ackUpTo(upTo)
  }
  return {
    done: (deliveryTag) => {
      done.add(deliveryTag)
      if (isScheduled) return
      isScheduled = true
      setImmediate(flush)
    },
  }
}
