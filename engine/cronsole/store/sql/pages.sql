-- One page of runs. Of each way to walk through them from the newest there is a pair: `reach` tells how far back so
-- many rows go, and `page` finds the matching ones among those. Lists of states and causes come as one text, each
-- word between commas, and empty for any; schedules as a JSON array.

-- name: cursor_at$
-- The oldest run at or after an instant: older runs come before it.
SELECT run_id FROM runs WHERE created_at >= :at ORDER BY created_at, run_id LIMIT 1;

-- name: reach_of_state$
SELECT run_id FROM runs
WHERE is_final = 1 AND state = :state AND run_id < :before AND run_id >= :floor
ORDER BY run_id DESC LIMIT 1 OFFSET :rows;

-- name: page_of_state
SELECT run_id FROM runs
WHERE is_final = 1 AND state = :state AND run_id < :before AND run_id >= :floor
  AND (:schedules = '[]' OR schedule_id IN (SELECT value FROM json_each(:schedules)))
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
  AND (:over IS NULL OR finished_at - started_at > :over)
  AND (:under IS NULL OR finished_at - started_at < :under)
ORDER BY run_id DESC LIMIT :limit;

-- name: reach_of_unfinished$
SELECT run_id FROM runs
WHERE is_final = 0 AND run_id < :before AND run_id >= :floor
ORDER BY run_id DESC LIMIT 1 OFFSET :rows;

-- name: page_of_unfinished
SELECT run_id FROM runs
WHERE is_final = 0 AND run_id < :before AND run_id >= :floor
  AND (:schedules = '[]' OR schedule_id IN (SELECT value FROM json_each(:schedules)))
  AND (:states = '' OR :states LIKE '%,' || state || ',%')
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
  AND (:over IS NULL OR finished_at - started_at > :over)
  AND (:under IS NULL OR finished_at - started_at < :under)
ORDER BY run_id DESC LIMIT :limit;

-- name: reach_of_cause$
SELECT run_id FROM runs
WHERE cause <> 'slot' AND cause = :cause AND run_id < :before AND run_id >= :floor
ORDER BY run_id DESC LIMIT 1 OFFSET :rows;

-- name: page_of_cause
SELECT run_id FROM runs
WHERE cause <> 'slot' AND cause = :cause AND run_id < :before AND run_id >= :floor
  AND (:schedules = '[]' OR schedule_id IN (SELECT value FROM json_each(:schedules)))
  AND (:states = '' OR :states LIKE '%,' || state || ',%')
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
  AND (:over IS NULL OR finished_at - started_at > :over)
  AND (:under IS NULL OR finished_at - started_at < :under)
ORDER BY run_id DESC LIMIT :limit;

-- name: reach_of_long$
SELECT run_id FROM runs
WHERE finished_at - started_at >= 60000 AND run_id < :before AND run_id >= :floor
ORDER BY run_id DESC LIMIT 1 OFFSET :rows;

-- name: page_of_long
SELECT run_id FROM runs
WHERE finished_at - started_at >= 60000 AND run_id < :before AND run_id >= :floor
  AND (:schedules = '[]' OR schedule_id IN (SELECT value FROM json_each(:schedules)))
  AND (:states = '' OR :states LIKE '%,' || state || ',%')
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
  AND (:over IS NULL OR finished_at - started_at > :over)
  AND (:under IS NULL OR finished_at - started_at < :under)
ORDER BY run_id DESC LIMIT :limit;

-- name: reach_of_all$
SELECT run_id FROM runs
WHERE run_id < :before AND run_id >= :floor
ORDER BY run_id DESC LIMIT 1 OFFSET :rows;

-- name: page_of_all
SELECT run_id FROM runs
WHERE run_id < :before AND run_id >= :floor
  AND (:schedules = '[]' OR schedule_id IN (SELECT value FROM json_each(:schedules)))
  AND (:states = '' OR :states LIKE '%,' || state || ',%')
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
  AND (:over IS NULL OR finished_at - started_at > :over)
  AND (:under IS NULL OR finished_at - started_at < :under)
ORDER BY run_id DESC LIMIT :limit;

-- name: count_of_schedules$
SELECT COUNT(*) FROM (
    SELECT 1 FROM runs WHERE schedule_id IN (SELECT value FROM json_each(:schedules)) LIMIT :limit) AS counted;

-- name: all_of_schedules
-- The joins are in this order, or else the whole table is walked; as they are, an index is read and then sorted.
SELECT runs.run_id FROM json_each(:schedules) AS asked CROSS JOIN runs
WHERE runs.schedule_id = asked.value AND runs.run_id < :before AND runs.run_id >= :floor
ORDER BY runs.run_id DESC LIMIT :limit;

-- name: reach_of_schedules$
SELECT runs.run_id FROM json_each(:schedules) AS asked CROSS JOIN runs
WHERE runs.schedule_id = asked.value AND runs.run_id < :before AND runs.run_id >= :floor
ORDER BY runs.run_id DESC LIMIT 1 OFFSET :rows;

-- name: page_of_schedules
SELECT runs.run_id FROM json_each(:schedules) AS asked CROSS JOIN runs
WHERE runs.schedule_id = asked.value AND runs.run_id < :before AND runs.run_id >= :floor
  AND (:states = '' OR :states LIKE '%,' || state || ',%')
  AND (:causes = '' OR :causes LIKE '%,' || cause || ',%')
  AND (:over IS NULL OR finished_at - started_at > :over)
  AND (:under IS NULL OR finished_at - started_at < :under)
ORDER BY runs.run_id DESC LIMIT :limit;
