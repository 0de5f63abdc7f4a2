import type { Clock } from '../clock.ts'
import { openRecorder, type RecorderParts } from '../recorder/recorder.ts'
import { openReInjector } from '../runner/re-inject.ts'
import type { Ground } from './open-ground.ts'
import type { ServedTenant } from './serve-tenants.ts'
import type { OpenTenant } from './open-tenants.ts'

/** Keeps dead letters and observations of a namespace, and sends on what has lost its queue there. */
export async function openRecorderPart(
  ground: Ground,
  tenant: OpenTenant,
  { clock, observer }: { readonly clock: Clock; readonly observer: Pick<RecorderParts, 'onBatch' | 'onDeadLetter'> },
): Promise<ServedTenant> {
  const { namespace, log } = tenant
  const opened = new AsyncDisposableStack()
  try {
    const { broker, store, plans } = await ground.openTenant(tenant, opened)
    // Whatever a message says: what is in its vhost is of the namespace.
    const recorder = await openRecorder({ broker, store, clock, log, namespaceOf: () => namespace, ...observer })
    opened.defer(recorder.close)
    const reInjector = await openReInjector({ broker, store, plans, clock, log })
    opened.defer(reInjector.close)
    return { broker, store, dropped: recorder.dropped, close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}
