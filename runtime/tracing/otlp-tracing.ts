import type { Context, Span as OpenSpan, SpanContext, Tracer as OpenTracer } from '@opentelemetry/api'
import { DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, diag, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Logger } from 'pino'
import type { Span, SpanOutcome } from '../runner/runner-parts.ts'
import { formatTraceparent, parseTraceparent } from './decide/traceparent.ts'
import type { Tracing, TracingOptions } from './open-tracing.ts'

/** A collector that does not answer keeps nobody from ending. */
const exportTimeoutMillis = 3000

/** Spans by OTLP over HTTP, in batches; what cannot be sent is dropped, and told of in the log. */
export function openOtlpTracing({ environment, serviceName, log }: TracingOptions): Tracing {
  diag.setLogger(diagnosticsTo(log), DiagLogLevel.WARN)
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      ...attributesIn(environment),
      'service.name': nameIn(environment, serviceName),
    }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(), { exportTimeoutMillis })],
  })
  const tracer = provider.getTracer('weir')
  return {
    tracer: { startSpan: (name, parent, attributes) => spanOf(startSpan(tracer, name, { parent, attributes })) },
    close: async () => {
      await provider.shutdown().catch((err: unknown) => log.warn({ err }, 'last spans were not sent'))
    },
  }
}

function startSpan(
  tracer: OpenTracer,
  name: string,
  { parent, attributes }: { readonly parent: string | undefined; readonly attributes: Record<string, string | number> },
): OpenSpan {
  const kind = attributes['messaging.operation.type'] === 'send' ? SpanKind.PRODUCER : SpanKind.CONSUMER
  return tracer.startSpan(name, { kind, attributes }, contextOf(parent))
}

function contextOf(parent: string | undefined): Context {
  const context = parent === undefined ? undefined : parseTraceparent(parent)
  if (context === undefined) return ROOT_CONTEXT
  const remote: SpanContext = { ...context, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, remote)
}

function spanOf(span: OpenSpan): Span {
  return {
    traceparent: formatTraceparent(span.spanContext()),
    end: (outcome) => end(span, outcome),
  }
}

function end(span: OpenSpan, { kind, code, error }: SpanOutcome): void {
  span.setAttribute('weir.outcome', kind)
  if (code !== undefined) {
    span.setAttribute('error.type', code)
    span.setStatus({ code: SpanStatusCode.ERROR, message: error ?? code })
  }
  span.end()
}

function nameIn(environment: TracingOptions['environment'], serviceName: string): string {
  const given = environment['OTEL_SERVICE_NAME'] ?? ''
  return given === '' ? serviceName : given
}

/** `key=value` pairs, by the specification of OTEL_RESOURCE_ATTRIBUTES; one that is none is left out. */
function attributesIn(environment: TracingOptions['environment']): Record<string, string> {
  const pairs = (environment['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').map((pair) => pair.split('='))
  return Object.fromEntries(
    pairs.flatMap(([key = '', value]) => (value === undefined ? [] : [[key.trim(), decoded(value)]])),
  )
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.trim())
  } catch {
    return value.trim()
  }
}

type Diagnostics = Parameters<typeof diag.setLogger>[0]

function diagnosticsTo(log: Logger): Diagnostics {
  const warn = (about: string): void => log.warn({ about }, 'spans are not sent')
  return { error: warn, warn, info: () => {}, debug: () => {}, verbose: () => {} }
}
