-- Definitions, and what is remembered of schedules between two starts.

-- name: keep_policy!
INSERT INTO policies (policy_hash, policy) VALUES (:policy_hash, :policy) ON CONFLICT DO NOTHING;

-- name: define!
INSERT INTO schedules (schedule_id, definition, policy_hash, definition_hash, trigger_hash, created_at, anchor_at,
                       trigger_changed_at, resumed_at, pause_since, pause_until, pause_reason, pause_actor,
                       breaker_failures, breaker_opened_at, breaker_is_probing, exhausted_at, archived_at, source)
VALUES (:schedule_id, :definition, :policy_hash, :definition_hash, :trigger_hash, :created_at, :anchor_at,
        :trigger_changed_at, :resumed_at, :pause_since, :pause_until, :pause_reason, :pause_actor,
        :breaker_failures, :breaker_opened_at, :breaker_is_probing, :exhausted_at, :archived_at, :source)
ON CONFLICT (schedule_id) DO UPDATE
SET definition = excluded.definition, policy_hash = excluded.policy_hash,
    definition_hash = excluded.definition_hash, trigger_hash = excluded.trigger_hash,
    created_at = excluded.created_at, anchor_at = excluded.anchor_at,
    trigger_changed_at = excluded.trigger_changed_at, resumed_at = excluded.resumed_at,
    pause_since = excluded.pause_since, pause_until = excluded.pause_until,
    pause_reason = excluded.pause_reason, pause_actor = excluded.pause_actor,
    breaker_failures = excluded.breaker_failures, breaker_opened_at = excluded.breaker_opened_at,
    breaker_is_probing = excluded.breaker_is_probing, exhausted_at = excluded.exhausted_at,
    archived_at = excluded.archived_at, source = excluded.source;

-- name: define_watermark!
-- A definition never lowers a watermark: what it was computed from may be older than the last claim.
INSERT INTO watermarks (schedule_id, scope, watermark, runs_made)
VALUES (:schedule_id, '', :watermark, :runs_made)
ON CONFLICT (schedule_id, scope) DO UPDATE
SET watermark = CASE WHEN excluded.watermark > watermarks.watermark THEN excluded.watermark
                     ELSE watermarks.watermark END,
    runs_made = excluded.runs_made;

-- name: move_watermark(schedule_id, watermark)!
INSERT INTO watermarks (schedule_id, scope, watermark, runs_made) VALUES (:schedule_id, '', :watermark, 0)
ON CONFLICT (schedule_id, scope) DO UPDATE SET watermark = excluded.watermark;

-- name: move_scoped_watermarks(schedule_id, watermark)!
UPDATE watermarks SET watermark = :watermark WHERE schedule_id = :schedule_id AND scope <> '';

-- name: set_pause!
UPDATE schedules
SET pause_since = :pause_since, pause_until = :pause_until, pause_reason = :pause_reason,
    pause_actor = :pause_actor, resumed_at = COALESCE(:resumed_at, resumed_at)
WHERE schedule_id = :schedule_id;

-- name: move_breaker!
UPDATE schedules
SET breaker_failures = :breaker_failures, breaker_opened_at = :breaker_opened_at,
    breaker_is_probing = :breaker_is_probing
WHERE schedule_id = :schedule_id;

-- name: exhaust(schedule_id, at)!
UPDATE schedules SET exhausted_at = :at WHERE schedule_id = :schedule_id;

-- name: archive(schedule_id, at)!
UPDATE schedules SET archived_at = :at WHERE schedule_id = :schedule_id;

-- name: schedule_states
SELECT s.schedule_id, s.created_at, s.anchor_at, s.trigger_changed_at, w.watermark, s.trigger_hash,
       s.definition_hash, s.resumed_at, w.runs_made, s.pause_since, s.pause_until, s.pause_reason, s.pause_actor,
       s.breaker_failures, s.breaker_opened_at, s.breaker_is_probing, s.exhausted_at, s.archived_at
FROM schedules s JOIN watermarks w ON w.schedule_id = s.schedule_id AND w.scope = '';

-- name: definition^
SELECT s.definition, p.policy
FROM schedules s JOIN policies p ON p.policy_hash = s.policy_hash
WHERE s.schedule_id = :schedule_id;

-- name: stored_schedules
SELECT s.definition, p.policy
FROM schedules s JOIN policies p ON p.policy_hash = s.policy_hash
WHERE s.source = :source AND s.archived_at IS NULL
ORDER BY s.schedule_id;

-- name: schedules_in_force(after, limit)
SELECT schedule_id FROM schedules WHERE schedule_id > :after AND archived_at IS NULL
ORDER BY schedule_id LIMIT :limit;

-- name: meta_value$
SELECT value FROM meta WHERE name = :name;

-- name: set_meta!
INSERT INTO meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
