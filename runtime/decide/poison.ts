/** Deliveries without a settlement before a message is held to be dangerous. It only warns: the number rises for all that a runner held when it died. */
const suspiciousDeliveries = 3
const mostTrials = 3

/** Whether a message is to run with nothing else running in its runner. */
export function isSuspicious({ deliveryCount }: { readonly deliveryCount: number }): boolean {
  return deliveryCount >= suspiciousDeliveries
}

/** @param trials attempts that it began alone, this one included; those that came to an end are not counted */
export function judgeTrials(trials: number): 'run' | 'poison' {
  return trials > mostTrials ? 'poison' : 'run'
}
