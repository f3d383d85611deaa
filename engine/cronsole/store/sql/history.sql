-- Reading runs. A run id grows with time, so that it is the order and the cursor. All but one of these find run ids,
-- and `run` reads the rows. Lists of states and causes come as one text, each word between commas, and empty for
-- any: both databases read that without a plan of its own.

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

-- name: cursor_at$
-- The oldest run at or after an instant: older runs come before it.
SELECT run_id FROM runs WHERE created_at >= :until ORDER BY created_at, run_id LIMIT 1;

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

-- name: count_up_to$
SELECT COUNT(*) FROM (SELECT 1 FROM runs WHERE schedule_id = :schedule_id LIMIT :limit) AS counted;

-- name: page_of_schedule
SELECT run_id FROM runs WHERE schedule_id = :schedule_id AND run_id < :before ORDER BY run_id DESC LIMIT :limit;

-- name: page_of_schedule_matching
SELECT run_id FROM runs
WHERE schedule_id = :schedule_id AND run_id < :before
  AND (:states = '' OR :states LIKE '%,' || state || ',%')
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
ORDER BY run_id DESC LIMIT :limit;

-- name: page_unfinished
SELECT run_id FROM runs
WHERE is_final = 0 AND run_id < :before AND state = :state
  AND (:schedule_id = '' OR schedule_id = :schedule_id)
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
ORDER BY run_id DESC LIMIT :limit;

-- name: page_of_state
SELECT run_id FROM runs
WHERE is_final = 1 AND state = :state AND run_id < :before
  AND (:schedule_id = '' OR schedule_id = :schedule_id)
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
ORDER BY run_id DESC LIMIT :limit;

-- name: page_of_cause
SELECT run_id FROM runs
WHERE cause <> 'slot' AND cause = :cause AND run_id < :before
ORDER BY run_id DESC LIMIT :limit;

-- name: page_of_all
SELECT run_id FROM runs
WHERE run_id < :before
  AND (:schedule_id = '' OR schedule_id = :schedule_id)
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
ORDER BY run_id DESC LIMIT :limit;
