import type { Logger } from 'pino'
import type { Tracer } from '../runner/runner-parts.ts'

/** Where spans go, when OpenTelemetry's own variables say so. */
export interface Tracing {
  readonly tracer: Tracer
  /** Sends what has not been sent, within a few seconds. Safe to repeat. */
  readonly close: () => Promise<void>
}

export interface TracingOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` switch it on, `OTEL_SDK_DISABLED` off; the library reads the rest. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** `service.name` unless `OTEL_SERVICE_NAME` says another. */
  readonly serviceName: string
  readonly log: Logger
}

/** Undefined where nothing is configured: then nothing is loaded, and the trace context of messages is passed on as it came. */
export async function openTracing(options: TracingOptions): Promise<Tracing | undefined> {
  if (!isConfigured(options.environment)) return undefined
  const { openOtlpTracing } = await import('./otlp-tracing.ts')
  return openOtlpTracing(options)
}

function isConfigured(environment: TracingOptions['environment']): boolean {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false
  if (environment['OTEL_TRACES_EXPORTER'] === 'none') return false
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => (environment[name] ?? '') !== '',
  )
}
