/** Marks a file as Weir's: "WEIR". */
export const applicationId = 0x57454952

/** What brings a file from the format of the index to the next one; a new format is added here, none is ever changed. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE snapshots (
    queue TEXT PRIMARY KEY, epoch INTEGER NOT NULL, version INTEGER NOT NULL,
    value TEXT, settled TEXT NOT NULL, owner TEXT, written INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX snapshots_by_owner ON snapshots (owner, written);
  CREATE INDEX snapshots_by_writing ON snapshots (written);

  CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, step TEXT NOT NULL, replay INTEGER NOT NULL,
    flow TEXT NOT NULL, code TEXT NOT NULL, run TEXT NOT NULL, state TEXT NOT NULL, died_at REAL NOT NULL,
    record TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (id, step, replay)
  ) STRICT;
  CREATE INDEX dead_letters_by_time ON dead_letters (died_at, number);

  CREATE TABLE runs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, flow TEXT NOT NULL, started_at REAL NOT NULL, record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_time ON runs (started_at, number);
  CREATE INDEX runs_by_flow ON runs (flow, started_at, number);

  CREATE TABLE step_events (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL, at REAL NOT NULL, record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX step_events_by_run ON step_events (run, number);
  CREATE INDEX step_events_by_time ON step_events (at);

  CREATE TABLE fires (
    flow TEXT NOT NULL, trigger_name TEXT NOT NULL, at REAL NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (flow, trigger_name, at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX fires_due ON fires (at) WHERE state = 'due';

  CREATE TABLE claims (
    key TEXT PRIMARY KEY, replay INTEGER NOT NULL, attempt INTEGER NOT NULL, copy TEXT NOT NULL, state TEXT NOT NULL,
    claimed_at REAL NOT NULL, done_at REAL, window_ms REAL NOT NULL, expires_at REAL AS (done_at + window_ms) VIRTUAL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claims_by_expiry ON claims (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE plans (
    flow TEXT NOT NULL, revision INTEGER NOT NULL, hash TEXT NOT NULL, plan TEXT NOT NULL, PRIMARY KEY (flow, revision)
  ) STRICT;

  CREATE TABLE tracked_messages (
    flow TEXT NOT NULL, run TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (flow, run, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX dead_letters_settled ON dead_letters (died_at) WHERE state <> 'dead';
  `,
  `
  CREATE TABLE flows (flow TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL) STRICT;

  CREATE TABLE blobs (id TEXT PRIMARY KEY, keep_until REAL NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE INDEX blobs_by_expiry ON blobs (keep_until);

  CREATE TABLE trials (key TEXT PRIMARY KEY, count INTEGER NOT NULL, begun_at REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX trials_by_beginning ON trials (begun_at);

  CREATE TABLE counts (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE tracked_runs (
    flow TEXT NOT NULL, run TEXT NOT NULL, added_at REAL NOT NULL, PRIMARY KEY (flow, run)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tracked_runs_by_addition ON tracked_runs (added_at);
  INSERT INTO tracked_runs (flow, run, added_at)
    SELECT DISTINCT flow, run, unixepoch() * 1000.0 FROM tracked_messages;
  `,
  `
  CREATE TABLE observation_batches (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;

  DROP INDEX step_events_by_run;
  CREATE INDEX step_events_by_run ON step_events (run, at, number);
  `,
  `
  CREATE INDEX claims_by_taking ON claims (claimed_at) WHERE state = 'started';
  `,
  `
  CREATE TABLE members (id TEXT PRIMARY KEY, member TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE rate_budgets (
    key TEXT PRIMARY KEY, free_at REAL NOT NULL, paused_at REAL NOT NULL, paused_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
