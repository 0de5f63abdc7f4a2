/** MongoDB's driver, for who loads it lazily: a bundler keeps the names of our own modules alone. */
export { MongoClient } from 'mongodb'
