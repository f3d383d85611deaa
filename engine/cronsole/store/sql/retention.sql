-- Which finished rows go, and their going.

-- name: crowded_schedules
-- Schedules with more rows than the smaller of the two numbers to keep: no other can be over one of them.
SELECT schedule_id, COUNT(*) FROM runs
WHERE schedule_id > :after GROUP BY schedule_id HAVING COUNT(*) > :least
ORDER BY schedule_id LIMIT :limit;

-- name: excess_runs
SELECT run_id, output_file FROM (
    SELECT run_id, output_file, state,
           ROW_NUMBER() OVER (PARTITION BY CASE WHEN state IN ('failed', 'timed_out', 'lost') THEN 1 ELSE 0 END
                              ORDER BY run_id DESC) AS place
    FROM runs WHERE schedule_id = :schedule_id AND is_final = 1) AS ranked
WHERE place > CASE WHEN state IN ('failed', 'timed_out', 'lost') THEN :keep_failures ELSE :keep_successes END
LIMIT :limit;

-- name: aged_failures
SELECT run_id, output_file FROM runs
WHERE is_final = 1 AND state IN ('failed', 'timed_out', 'lost') AND COALESCE(finished_at, created_at) < :cutoff
LIMIT :limit;

-- name: aged_successes
-- A row is made before it ends, so that only rows made before the cutoff are looked at.
SELECT run_id, output_file FROM runs
WHERE created_at < :cutoff AND is_final = 1 AND state NOT IN ('failed', 'timed_out', 'lost')
  AND COALESCE(finished_at, created_at) < :cutoff
ORDER BY created_at LIMIT :limit;

-- name: attempt_files
SELECT output_file FROM attempts WHERE run_id = :run_id AND output_file <> '';

-- name: delete_run!
DELETE FROM runs WHERE run_id = :run_id AND is_final = 1;
