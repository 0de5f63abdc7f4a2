import { answerOf } from '../../runtime/gateway/decide/answer.ts'
import { openSyncReplies } from '../../runtime/gateway/sync-replies.ts'
import { freshId } from '../../runtime/wire/message-id.ts'
import { printable } from '../log.ts'
import type { Session } from './session.ts'

/** Stands where the caller of a synchronous webhook would: shows the answer that it would get. */
export interface SyncAnswer {
  /** Of the run that is answered. */
  readonly run: string
  readonly replyTo: string
  /** Says that there was no answer when there was none. */
  readonly close: () => Promise<void>
}

/** Longer than any run: `close` ends the wait. */
const patienceMs = 2 ** 31

export async function openSyncAnswer({ runtime, log, say }: Session, namespace: string): Promise<SyncAnswer> {
  const { broker, clock } = runtime
  const replies = openSyncReplies({ broker, clock, log })
  const run = freshId()
  const waiting = replies.wait(run, patienceMs)
  const shown = waiting.reply.then((reply) => {
    if (reply === undefined) return say('no answer: the flow did not respond\n')
    const { status, headers, body = '' } = answerOf(reply, { namespace, run })
    const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)
    say(printable([`answer ${status}`, ...lines, ...(body === '' ? [] : [`  ${body}`])].join('\n').concat('\n')))
  })
  return {
    run,
    replyTo: await replies.queue(),
    close: async () => {
      waiting.release()
      await shown
      await replies.close()
    },
  }
}
