import type { ComponentFailure } from '../component-host.ts'
import type { MaskSecrets } from './mask-secrets.ts'

/** A failure is kept with its dead letter and shown to whoever looks: it says no more than a log line may. */
export function maskFailure({ message, stack, ...failure }: ComponentFailure, mask: MaskSecrets): ComponentFailure {
  return { ...failure, message: mask(message), ...(stack !== undefined && { stack: mask(stack) }) }
}
