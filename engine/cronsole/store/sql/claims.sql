-- The writes of the hot path.

-- name: claim_plain!
-- A slot that is to run, as nearly every claim is. The columns left out keep their defaults: binding a NULL from
-- Python costs seven times an integer.
INSERT INTO runs (run_id, schedule_id, cause, state, is_final, due_at, created_at, slot, scope, is_catchup,
                  stands_count, stands_first, stands_last, attempt, fence, node, unfenced, boot_id)
SELECT :run_id, :schedule_id, :cause, :state, :is_final, :due_at, :created_at, :slot, :scope, :is_catchup,
       :stands_count, :stands_first, :stands_last, :attempt, :fence, :node, :unfenced, :boot_id
WHERE NOT EXISTS (SELECT 1 FROM watermarks
                  WHERE schedule_id = :schedule_id AND scope = :scope AND watermark >= :stands_last)
ON CONFLICT DO NOTHING;

-- name: claim_full!
INSERT INTO runs (run_id, schedule_id, cause, state, is_final, due_at, created_at, slot, scope, reason, is_catchup,
                  stands_count, stands_first, stands_last, attempt, fence, node, unfenced, started_at, finished_at,
                  retry_at, exit_code, detail, output, output_file, output_bytes, pid, pid_started, boot_id, actor,
                  payload, bypassed)
SELECT :run_id, :schedule_id, :cause, :state, :is_final, :due_at, :created_at, :slot, :scope, :reason, :is_catchup,
       :stands_count, :stands_first, :stands_last, :attempt, :fence, :node, :unfenced, :started_at, :finished_at,
       :retry_at, :exit_code, :detail, :output, :output_file, :output_bytes, :pid, :pid_started, :boot_id, :actor,
       :payload, :bypassed
WHERE :slot IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM watermarks
                  WHERE schedule_id = :schedule_id AND scope = :scope
                    AND watermark >= COALESCE(:stands_last, :slot))
ON CONFLICT DO NOTHING;

-- name: raise_watermark!
INSERT INTO watermarks (schedule_id, scope, watermark, runs_made)
VALUES (:schedule_id, :scope, :watermark, :runs_made)
ON CONFLICT (schedule_id, scope) DO UPDATE
SET watermark = excluded.watermark, runs_made = watermarks.runs_made + excluded.runs_made;

-- name: retract_claim^
DELETE FROM runs
WHERE run_id = :run_id AND schedule_id = :schedule_id AND state IN ('queued', 'starting') AND attempt = 1
  AND slot IS NOT NULL
RETURNING scope;

-- name: return_watermark!
UPDATE watermarks SET watermark = :watermark, runs_made = runs_made - 1
WHERE schedule_id = :schedule_id AND scope = :scope;

-- name: insert_run!
INSERT INTO runs (run_id, schedule_id, cause, state, is_final, due_at, created_at, slot, scope, reason, is_catchup,
                  stands_count, stands_first, stands_last, attempt, fence, node, unfenced, started_at, finished_at,
                  retry_at, exit_code, detail, output, output_file, output_bytes, pid, pid_started, boot_id, actor,
                  payload, bypassed)
VALUES (:run_id, :schedule_id, :cause, :state, :is_final, :due_at, :created_at, :slot, :scope, :reason, :is_catchup,
        :stands_count, :stands_first, :stands_last, :attempt, :fence, :node, :unfenced, :started_at, :finished_at,
        :retry_at, :exit_code, :detail, :output, :output_file, :output_bytes, :pid, :pid_started, :boot_id, :actor,
        :payload, :bypassed)
ON CONFLICT DO NOTHING;
