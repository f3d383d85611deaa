-- What people and programs that steer an engine ask of its ledger.

-- Which kind of source a schedule is from, as its definition tells it: those that the API made live only here.
ALTER TABLE schedules ADD COLUMN source TEXT NOT NULL DEFAULT '';

UPDATE schedules
SET source = COALESCE(/* sqlite: json_extract(definition, '$.origin.kind') */
                      /* postgres: definition::json -> 'origin' ->> 'kind' */, 'file');

CREATE INDEX schedules_source ON schedules (source) WHERE archived_at IS NULL;

-- Runs of a minute and longer: few enough of most tables, and the ones that people look for by duration. It holds both
-- instants, so that its condition is tested without the rows.
CREATE INDEX runs_long ON runs (run_id, started_at, finished_at) WHERE finished_at - started_at >= 60000;

CREATE INDEX audit_actor ON audit (actor, entry);
CREATE INDEX audit_verb ON audit (verb, entry);
CREATE INDEX audit_target ON audit (target, entry);

-- Idempotency keys, for as long as an asker may ask again.
CREATE TABLE used_keys (
    actor TEXT NOT NULL,
    used_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    result TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor, used_key)
) /* sqlite: WITHOUT ROWID */;

CREATE INDEX used_keys_at ON used_keys (at);
