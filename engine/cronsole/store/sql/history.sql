-- Reading runs. A run id grows with time, so that it is the order and the cursor. Most of these find run ids, and
-- `run` reads the rows.

-- name: run^
SELECT run_id, schedule_id, cause, state, due_at, created_at, slot, scope, reason, is_catchup, stands_count,
       stands_first, stands_last, attempt, fence, node, unfenced, started_at, finished_at, retry_at, exit_code, detail,
       output, output_file, output_bytes, pid, pid_started, boot_id, actor, payload, bypassed
FROM runs WHERE run_id = :run_id;

-- name: unfinished_runs
SELECT run_id FROM runs WHERE is_final = 0 ORDER BY run_id;

-- name: slot_verdict$
SELECT run_id FROM runs
WHERE schedule_id = :schedule_id AND scope = :scope AND slot >= :slot
  AND (slot = :slot OR stands_first <= :slot)
ORDER BY slot LIMIT 1;

-- name: attempts
SELECT run_id, attempt, fence, started_at, finished_at, state, exit_code, detail, output, output_file, output_bytes
FROM attempts WHERE run_id = :run_id ORDER BY attempt;

-- name: last_runs
-- By slot from the newest, and by id among the runs without one: the first of each that ran.
SELECT (SELECT MAX(newest.run_id) FROM (
            SELECT * FROM (
                SELECT run_id FROM runs
                WHERE schedule_id = s.schedule_id AND slot IS NOT NULL AND is_final = 1
                  AND state NOT IN ('skipped', 'missed')
                ORDER BY slot DESC LIMIT 1) AS of_slots
            UNION ALL
            SELECT * FROM (
                SELECT run_id FROM runs
                WHERE schedule_id = s.schedule_id AND slot IS NULL AND is_final = 1
                  AND state NOT IN ('skipped', 'missed')
                ORDER BY run_id DESC LIMIT 1) AS of_people) AS newest)
FROM schedules s;

-- name: recent_outcomes
-- By slot among those looked at, and by id among the runs without one.
SELECT * FROM (
    SELECT run_id, state, cause, created_at, started_at, finished_at, exit_code, attempt, detail FROM runs
    WHERE schedule_id = :schedule_id AND is_final = 1 AND state NOT IN ('skipped', 'missed')
      AND slot >= COALESCE((SELECT slot FROM runs WHERE schedule_id = :schedule_id AND slot IS NOT NULL
                            ORDER BY slot DESC LIMIT 1 OFFSET :looked_at), 0)
    ORDER BY slot DESC LIMIT :limit) AS of_slots
UNION ALL
SELECT * FROM (
    SELECT run_id, state, cause, created_at, started_at, finished_at, exit_code, attempt, detail FROM runs
    WHERE schedule_id = :schedule_id AND slot IS NULL AND is_final = 1 AND state NOT IN ('skipped', 'missed')
    ORDER BY run_id DESC LIMIT :limit) AS of_people;

-- name: history
SELECT * FROM (
    SELECT state, created_at, started_at, finished_at FROM runs
    WHERE schedule_id = :schedule_id AND slot IS NOT NULL ORDER BY slot DESC LIMIT :looked_at) AS of_slots
UNION ALL
SELECT * FROM (
    SELECT state, created_at, started_at, finished_at FROM runs
    WHERE schedule_id = :schedule_id AND slot IS NULL ORDER BY run_id DESC LIMIT :looked_at) AS of_people;

-- name: failure_counts
-- Of one state, by the number of their bucket.
SELECT (created_at - :since) / :bucket_ms, COUNT(*) FROM runs
WHERE is_final = 1 AND state = :state AND run_id >= :floor AND created_at >= :since AND created_at < :until
GROUP BY 1;
