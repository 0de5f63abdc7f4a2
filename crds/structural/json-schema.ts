/** A JSON Schema: any keyword, anything in it. */
export type JsonSchema = Readonly<Record<string, unknown>>
