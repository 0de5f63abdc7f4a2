import type { DatabaseContent } from '../../store/sqlite/open-database.ts'

/**
 * A message's number holds its queue's and its place in it: the messages of a queue lie side by side in their order, and
 * no index is written for each. A place is used once; 2^38 of them last for years.
 */
const places = 2 ** 38
/** With its place, a number stays one that a double holds exactly. */
export const mostQueues = 2 ** 15 - 1

export interface NumberRange {
  readonly first: number
  readonly last: number
}

export function numbersOf(queue: number): NumberRange {
  return { first: queue * places, last: queue * places + places - 1 }
}

/** "WEIQ". A new format is added, none is ever changed. */
export const queueContent: DatabaseContent = {
  applicationId: 0x57454951,
  migrations: [
    `
    CREATE TABLE queues (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, single_active INTEGER NOT NULL, drop_head_above REAL,
      is_bound INTEGER NOT NULL, delivered INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    INSERT INTO queues (number, name, single_active, is_bound) VALUES (1, 'unrouted', 0, 1);

    CREATE TABLE messages (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
      deliveries INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE parked (
      number INTEGER PRIMARY KEY, due_at REAL NOT NULL, queue TEXT NOT NULL,
      id TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX parked_by_time ON parked (due_at, number, queue);
    `,
  ],
}
