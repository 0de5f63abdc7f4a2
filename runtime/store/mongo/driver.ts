import type { MongoClientOptions } from 'mongodb'
import { MongoClient } from 'mongodb'

/** A client that has not connected yet. In a file of its own, for who loads the driver lazily: a bundler keeps the names of our own modules alone. */
export function mongoClient(url: string, options: MongoClientOptions): MongoClient {
  return new MongoClient(url, options)
}
