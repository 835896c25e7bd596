-- Jobs: outward acts that are due. Event number 0 stands for no event. The caller reads the time once and passes it.

-- name: read_clock
SELECT statement_timestamp() AS now;

-- name: add_job!
-- The key names the act, so a repeated cause adds nothing.
INSERT INTO jobs (event_number, id, kind, subject, key, request, status, due_at, attempts, created_at)
VALUES (:event_number, :id, :kind, :subject, :key, :request, 'due', :now, 0, :now)
ON CONFLICT (event_number, key) DO NOTHING;

-- name: find_due_jobs
-- A fan-out: a few due jobs of each subject, so that no subject's backlog hides another's.
SELECT event_number, id, subject, statement_timestamp() AS now
FROM (
    SELECT event_number, id, subject, due_at, row_number() OVER (PARTITION BY subject ORDER BY due_at, id) AS place
    FROM jobs
    WHERE status = 'due'
      AND due_at <= statement_timestamp()
      AND (lease_until IS NULL OR lease_until <= statement_timestamp())
      AND kind = ANY(:kinds::text[])
      AND subject <> ALL(:busy::text[])
) due
WHERE place <= :max_of_subject
ORDER BY due_at, id
LIMIT :max_rows;

-- name: claim_jobs
-- Two processes may claim the same job: the second finds the lease of the first.
UPDATE jobs
SET lease_until = :now::timestamptz + make_interval(secs => :seconds), attempts = attempts + 1
WHERE event_number = :event_number
  AND id = ANY(:ids::uuid[])
  AND status = 'due'
  AND due_at <= :now
  AND (lease_until IS NULL OR lease_until <= :now)
RETURNING event_number, id, kind, subject, request, attempts AS attempt, created_at;

-- name: log_attempt!
INSERT INTO job_attempts (event_number, job_id, attempt, started_at, milliseconds, outcome, code, answer)
VALUES (:event_number, :id, :attempt, :started_at, :milliseconds, :outcome, :code, :answer)
ON CONFLICT (event_number, job_id, attempt) DO NOTHING;

-- name: finish_job
-- An act that has happened ends its job, whichever attempt reports it. A failure counts if no later attempt began.
UPDATE jobs
SET status = :status,
    due_at = :now::timestamptz + make_interval(secs => :seconds),
    lease_until = NULL,
    finished_at = CASE WHEN :status <> 'due' THEN :now::timestamptz END,
    last_answer = :answer
WHERE event_number = :event_number
  AND id = :id
  AND status = 'due'
  AND (:status = 'done' OR attempts = :attempt)
RETURNING id;

-- name: retry_job
-- By hand. A job that a worker has at this moment is left to it.
UPDATE jobs
SET status = 'due', due_at = :now, lease_until = NULL, finished_at = NULL
WHERE event_number = :event_number AND id = :id AND (lease_until IS NULL OR lease_until <= :now)
RETURNING id;

-- name: find_jobs_ahead
-- A fan-out: jobs that are due, or leased, later than any pause and any lease lasts. The clock was ahead.
SELECT event_number, id, statement_timestamp() AS now
FROM jobs
WHERE status = 'due'
  AND (due_at > statement_timestamp() + interval '2 days' OR lease_until > statement_timestamp() + interval '1 day')
LIMIT :max_rows;

-- name: set_jobs_back
UPDATE jobs
SET due_at = least(due_at, :now), lease_until = NULL
WHERE event_number = :event_number AND id = ANY(:ids::uuid[]) AND status = 'due'
RETURNING id;

-- name: list_jobs
-- A fan-out: the newest jobs of one node.
SELECT event_number, id, kind, subject, request, status, attempts, created_at, due_at, finished_at,
       coalesce(lease_until > statement_timestamp(), false) AS is_running, last_answer
FROM jobs
WHERE (:status::text IS NULL OR status = :status)
  AND (:kind::text IS NULL OR kind = :kind)
  AND (:subject::text IS NULL OR subject = :subject)
  AND (:before_at::timestamptz IS NULL OR (created_at, id) < (:before_at, :before_id::uuid))
ORDER BY created_at DESC, id DESC
LIMIT :max_rows;

-- name: list_jobs_of_event
-- Newest first.
SELECT event_number, id, kind, subject, request, status, attempts, created_at, due_at, finished_at,
       coalesce(lease_until > statement_timestamp(), false) AS is_running, last_answer
FROM jobs
WHERE event_number = :event_number AND kind = :kind
ORDER BY created_at DESC, id DESC
LIMIT :max_rows;

-- name: count_letters
-- The jobs of letters by their message, which is the third part of their key.
SELECT split_part(key, ':', 3) AS message, status, count(*) AS jobs
FROM jobs
WHERE event_number = :event_number AND starts_with(key, :prefix)
GROUP BY 1, 2;

-- name: get_job
SELECT event_number, id, kind, subject, request, status, attempts, created_at, due_at, finished_at,
       coalesce(lease_until > statement_timestamp(), false) AS is_running, last_answer
FROM jobs
WHERE event_number = :event_number AND id = :id;

-- name: list_attempts
SELECT attempt, started_at, milliseconds, outcome, code, answer
FROM job_attempts
WHERE event_number = :event_number AND job_id = :id
ORDER BY attempt;

-- name: count_jobs
-- A fan-out: what waits on one node.
SELECT kind, status, count(*) AS jobs,
       extract(epoch FROM statement_timestamp() - min(due_at))::float8 AS oldest_seconds
FROM jobs
WHERE status <> 'done'
GROUP BY kind, status;

-- name: find_old_jobs
-- A fan-out: done jobs that were kept long enough.
SELECT event_number, id
FROM jobs
WHERE status = 'done' AND finished_at < statement_timestamp() - make_interval(days => :days)
LIMIT :max_rows;

-- name: delete_job_attempts!
DELETE FROM job_attempts
WHERE event_number = :event_number AND job_id = ANY(:ids);

-- name: delete_jobs!
DELETE FROM jobs
WHERE event_number = :event_number AND id = ANY(:ids);
