-- What happens to a run after its claim: each write holds only under a fence that is not stale, and never on a row
-- that has ended.

-- name: requeued(run_id, fence)!
-- Only what is not running yet can go back to the queue.
UPDATE runs SET state = 'queued', fence = :fence, started_at = NULL, boot_id = ''
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0 AND state IN ('queued', 'starting');

-- name: starting(run_id, fence, attempt, at, boot_id)!
UPDATE runs SET state = 'starting', fence = :fence, attempt = :attempt, started_at = :at, boot_id = :boot_id
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0;

-- name: started(run_id, fence, at, pid, pid_started, boot_id, output_file)!
UPDATE runs
SET state = 'running', fence = :fence, started_at = :at, pid = :pid, pid_started = :pid_started, boot_id = :boot_id,
    output_file = :output_file
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0;

-- name: finished(run_id, fence, at, state, exit_code, detail, output, output_file, output_bytes, started_at)!
-- The way to the output is kept where only its beginning is known, as of a run found lost.
UPDATE runs
SET state = :state, is_final = 1, fence = :fence, started_at = COALESCE(:started_at, started_at),
    finished_at = :at, exit_code = :exit_code, detail = :detail, output = :output,
    output_file = COALESCE(NULLIF(:output_file, ''), output_file), output_bytes = :output_bytes
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0;

-- name: archive_attempt!
INSERT INTO attempts (run_id, attempt, fence, started_at, finished_at, state, exit_code, detail, output,
                      output_file, output_bytes)
SELECT run_id, attempt, :failed_fence, COALESCE(:failed_started_at, started_at), :failed_at, :state, :exit_code,
       :detail, :output, COALESCE(NULLIF(:output_file, ''), output_file), :output_bytes
FROM runs
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0
ON CONFLICT DO NOTHING;

-- name: retrying(run_id, fence, attempt, retry_at)!
UPDATE runs
SET state = 'queued', fence = :fence, attempt = :attempt, retry_at = :retry_at, started_at = NULL, exit_code = NULL,
    detail = '', output = '', output_file = '', output_bytes = 0, pid = NULL, pid_started = NULL, boot_id = ''
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0;

-- name: rejected(run_id, fence, at, reason, detail)!
UPDATE runs
SET state = 'skipped', is_final = 1, fence = :fence, finished_at = :at, reason = :reason, detail = :detail
WHERE run_id = :run_id AND fence <= :fence AND is_final = 0;
