-- New tables, which servers of earlier generations do not know.

CREATE TABLE jobs (
    event_number bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,                 -- the receiver, whose slowness may delay this job
    key text NOT NULL,                     -- names the act: a repeated cause writes no second job
    request jsonb NOT NULL,                -- never changes, and has no secret
    status text NOT NULL CHECK (status IN ('due', 'done', 'parked')),
    due_at timestamptz NOT NULL,
    lease_until timestamptz,               -- a worker has the job until then
    attempts integer NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    last_answer text,
    PRIMARY KEY (event_number, id),
    UNIQUE (event_number, key)
) WITH (fillfactor = 85);
CREATE INDEX jobs_due ON jobs (due_at) WHERE status = 'due';
CREATE INDEX jobs_parked ON jobs (kind) WHERE status = 'parked';
CREATE INDEX jobs_by_subject ON jobs (subject, created_at);
CREATE INDEX jobs_by_age ON jobs (finished_at) WHERE status = 'done';

CREATE TABLE job_attempts (
    event_number bigint NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL,
    milliseconds integer NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('done', 'later', 'parked')),
    code integer,                          -- the receiver's status, if it has one
    answer text NOT NULL,
    PRIMARY KEY (event_number, job_id, attempt)
);

UPDATE schema_generation SET generation = 11;
