-- The ledger. Instants are milliseconds UTC. What only one database understands stands in a comment marked with
-- its name, which the reader of these files opens for that database.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Schedules with equal policies share one row: written out, a policy is four times the rest of a definition.
CREATE TABLE policies (
    policy_hash TEXT NOT NULL PRIMARY KEY,
    policy TEXT NOT NULL
);

CREATE TABLE schedules (
    schedule_id TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL,
    policy_hash TEXT NOT NULL REFERENCES policies (policy_hash),
    definition_hash TEXT NOT NULL,
    trigger_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    anchor_at BIGINT NOT NULL,
    trigger_changed_at BIGINT NOT NULL,
    resumed_at BIGINT NOT NULL,
    pause_since BIGINT,
    pause_until BIGINT,
    pause_reason TEXT NOT NULL,
    pause_actor TEXT NOT NULL,
    breaker_failures BIGINT NOT NULL,
    breaker_opened_at BIGINT,
    breaker_is_probing SMALLINT NOT NULL,
    exhausted_at BIGINT,
    archived_at BIGINT
);

-- Apart from schedules, because every claim writes here: a narrow row dirties the fewest pages.
CREATE TABLE watermarks (
    schedule_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    watermark BIGINT NOT NULL,
    runs_made BIGINT NOT NULL,
    PRIMARY KEY (schedule_id, scope)
) /* sqlite: WITHOUT ROWID */;

CREATE TABLE runs (
    run_id TEXT /* postgres: COLLATE "C" */ NOT NULL PRIMARY KEY,
    schedule_id TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    is_final SMALLINT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    slot BIGINT,
    scope TEXT NOT NULL,
    reason TEXT,
    is_catchup SMALLINT NOT NULL,
    stands_count BIGINT,
    stands_first BIGINT,
    stands_last BIGINT,
    attempt BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    node TEXT NOT NULL,
    unfenced SMALLINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    retry_at BIGINT,
    exit_code BIGINT,
    detail TEXT NOT NULL DEFAULT '',
    output TEXT NOT NULL DEFAULT '',
    output_file TEXT NOT NULL DEFAULT '',
    output_bytes BIGINT NOT NULL DEFAULT 0,
    pid BIGINT,
    pid_started BIGINT,
    boot_id TEXT NOT NULL DEFAULT '',
    actor TEXT NOT NULL DEFAULT '',
    payload TEXT NOT NULL DEFAULT '',
    bypassed TEXT NOT NULL DEFAULT ''
) /* sqlite: WITHOUT ROWID */;

-- One verdict per slot; and, holding the run id too, the way to all rows of one schedule. It is the only index
-- whose entries scatter over many pages, which is what costs at commit: the others grow at their end.
CREATE UNIQUE INDEX runs_slot ON runs (schedule_id, slot, scope) /* postgres: INCLUDE (run_id) */;
CREATE INDEX runs_unfinished ON runs (run_id) WHERE is_final = 0;
CREATE INDEX runs_state ON runs (state, run_id) WHERE is_final = 1;
CREATE INDEX runs_cause ON runs (cause, run_id) WHERE cause <> 'slot';
CREATE INDEX runs_created ON runs (created_at, run_id);

CREATE TABLE attempts (
    run_id TEXT /* postgres: COLLATE "C" */ NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    exit_code BIGINT,
    detail TEXT NOT NULL,
    output TEXT NOT NULL,
    output_file TEXT NOT NULL,
    output_bytes BIGINT NOT NULL,
    PRIMARY KEY (run_id, attempt)
);

CREATE TABLE audit (
    entry INTEGER PRIMARY KEY /* postgres: GENERATED ALWAYS AS IDENTITY */,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    verb TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
);
