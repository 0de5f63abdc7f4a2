import type { MongoClientOptions } from 'mongodb'
import { MongoClient } from 'mongodb'

/** Idle connections are closed that much late at most. */
const poolLookMs = 5000

/** A client that has not connected yet. In a file of its own, for who loads the driver lazily: a bundler keeps the names of our own modules alone. */
export function mongoClient(url: string, options: MongoClientOptions): MongoClient {
  const client = new MongoClient(url, options)
  // The driver looks at its pool ten times a second, which is most of what an idle process uses; it knows the option, and does not take it with the others.
  Object.assign(client.options, { minPoolSizeCheckFrequencyMS: poolLookMs })
  return client
}
