/**
 * A name that ends up in names of pods, queues and labels.
 *
 * @minLength 1
 * @maxLength 52
 * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$
 */
export type DnsLabel = string

/**
 * The name of a Kubernetes object.
 *
 * @minLength 1
 * @maxLength 253
 * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$
 */
export type ObjectName = string

/**
 * A JSONata expression, always a string.
 *
 * @minLength 1
 * @maxLength 16384
 */
export type ExpressionText = string

/**
 * The name of a function, as the component's component.json has it.
 *
 * @minLength 1
 * @maxLength 128
 */
export type FunctionName = string

/**
 * The name of an HTTP header.
 *
 * @minLength 1
 * @maxLength 128
 * @pattern ^[A-Za-z0-9!#$%&'*+.^_|~-]+$
 */
export type HeaderName = string

/**
 * An address that starts with http or https.
 *
 * @maxLength 2048
 * @pattern ^https?://[^\s]+$
 */
export type HttpUrl = string

/**
 * An instant, as `2026-03-29T01:00:00Z`.
 *
 * @format date-time
 */
export type Timestamp = string

/**
 * Words for people, on one line.
 *
 * @maxLength 256
 */
export type Title = string

/**
 * Words for people, a few lines of them.
 *
 * @maxLength 4096
 */
export type Description = string

/**
 * A CamelCase word by which programs know what happened, as `ComponentNotFound`.
 *
 * @minLength 1
 * @maxLength 128
 * @pattern ^[A-Za-z][A-Za-z0-9_.-]*$
 */
export type Code = string
