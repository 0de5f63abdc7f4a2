import type { AmqpLinks } from './amqp-link.ts'
import { amqplibLinks } from './amqplib-links.ts'
import { leanLinks } from './lean/lean-links.ts'

/** Every implementation of the hot path, for tests and benchmarks that hold them to the same. */
export const linkKinds: readonly { readonly name: string; readonly links: AmqpLinks }[] = [
  { name: 'amqplib', links: amqplibLinks },
  { name: 'lean', links: leanLinks() },
]
