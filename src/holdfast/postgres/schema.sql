-- The complete schema of Holdfast. A test checks that the migrations produce it.
--
-- Rules (docs/decisions/0007-distribution.md): every event-scoped table has event_number, first in its primary key and in
-- every unique index; no identity, serial, trigger, rule or inheritance; foreign keys only within the catalogue and from
-- bookings to holds. Claims, holds, seats and the journal carry none: they would cost half of the store's speed, and
-- `holdfast check` proves what they would have held.

CREATE TABLE schema_generation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    generation integer NOT NULL,          -- the current generation of the schema
    oldest_server integer NOT NULL,       -- the oldest server generation that this schema still serves
    epoch uuid NOT NULL DEFAULT gen_random_uuid(), -- a part of the name of this history (postgres/epoch.py)
    key_fingerprint text                  -- of the server key (access/server_key.py)
);
INSERT INTO schema_generation (generation, oldest_server) VALUES (25, 3);

CREATE SEQUENCE event_numbers AS bigint MAXVALUE 1099511627775;
CREATE SEQUENCE dialect_numbers AS bigint;
CREATE SEQUENCE organisation_numbers AS bigint START 2;
CREATE SEQUENCE audit_numbers AS bigint;

CREATE TABLE events (
    event_number bigint NOT NULL CHECK (event_number BETWEEN 1 AND 1099511627775),
    id uuid NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'published', 'cancelled')),  -- draft -> published -> cancelled
    venue text,
    time_zone text,
    starts_at timestamptz,
    on_sale_at timestamptz,
    off_sale_at timestamptz,
    sales_stopped boolean NOT NULL DEFAULT false,
    map_version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    rules jsonb NOT NULL CHECK (jsonb_typeof(rules) = 'object'),  -- of the sale, by name (inventory/rules/sale_rules.py)
    metadata jsonb,                        -- the client's own words, by key; null if there are none
    organisation_number bigint NOT NULL DEFAULT 1,  -- who sells it; it never changes
    PRIMARY KEY (event_number)
);
CREATE INDEX events_by_organisation ON events (organisation_number, event_number);
CREATE INDEX events_by_metadata ON events USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;

-- The hot row: the transaction that holds its lock decides for the event.
CREATE TABLE inventories (
    event_number bigint NOT NULL REFERENCES events ON DELETE CASCADE,
    version bigint NOT NULL DEFAULT 0,
    last_at timestamptz NOT NULL,          -- the event's own time, which never runs backwards
    reclaimed_until timestamptz NOT NULL,  -- no active hold expires before it: lower bound of the scan for lapsed holds
    PRIMARY KEY (event_number)
) WITH (fillfactor = 50);

CREATE TABLE areas (
    event_number bigint NOT NULL REFERENCES events ON DELETE CASCADE,
    area_number integer NOT NULL,
    name text NOT NULL,
    category text,
    seated boolean NOT NULL,               -- true: counts the numbered seats of one category
    capacity bigint NOT NULL,
    held bigint NOT NULL DEFAULT 0,
    booked bigint NOT NULL DEFAULT 0,
    blocked bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'removed')),
    PRIMARY KEY (event_number, area_number),
    CONSTRAINT areas_never_oversold CHECK (
        least(held, booked, blocked) >= 0 AND held + booked + blocked <= capacity
    )
) WITH (fillfactor = 50);

CREATE TABLE seats (
    event_number bigint NOT NULL,
    seat_number integer NOT NULL CHECK (seat_number BETWEEN 1 AND 999999),
    label text NOT NULL,
    area_number integer NOT NULL,
    map_version integer NOT NULL,          -- the version of the seat map that added it
    section text NOT NULL,
    row_name text NOT NULL,
    position integer NOT NULL,             -- physical order within the row
    name text,                             -- as the source prints it
    guid text,                             -- the source's own id
    x double precision,
    y double precision,
    traits smallint NOT NULL DEFAULT 0,    -- 1 wheelchair, 2 companion, 4 restricted view, 8 sold with its whole table
    PRIMARY KEY (event_number, seat_number),
    UNIQUE (event_number, label)
);

-- What a version of an event's map has beside its seats. Most versions have nothing, and no row.
CREATE TABLE map_details (
    event_number bigint NOT NULL,
    map_version integer NOT NULL,
    areas jsonb NOT NULL,                  -- counted areas that the map draws, as its document shows them
    source uuid,                           -- the venue's seat map that it copies
    source_version integer,
    PRIMARY KEY (event_number, map_version)
);

CREATE TABLE holds (
    event_number bigint NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'confirmed', 'released', 'expired')),
    placed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    requested integer NOT NULL,
    buyer text,
    token_hash bytea,                      -- SHA-256; null if the buyer's name alone proves ownership
    placed_by text NOT NULL,
    buyer_name text,                       -- as the hold names the buyer; a booking has its own
    buyer_email text,
    buyer_identity text,                   -- the normal form of buyer (identity.py), if it differs from buyer
    metadata jsonb,
    PRIMARY KEY (event_number, id)
) WITH (fillfactor = 85);
CREATE INDEX holds_by_expiry ON holds (event_number, expires_at) WHERE status = 'active';
CREATE INDEX holds_by_buyer ON holds (event_number, buyer)
    WHERE buyer IS NOT NULL AND status IN ('active', 'confirmed');
CREATE INDEX holds_by_buyer_identity ON holds (event_number, buyer_identity)
    WHERE buyer_identity IS NOT NULL AND status IN ('active', 'confirmed');
-- The words of buyers, of which a search names the beginnings. Each row is indexed at once, never by a later buyer.
CREATE INDEX holds_by_buyer_words ON holds USING gin (
    to_tsvector('simple', translate(
        lower(coalesce(buyer_name, '') || ' ' || coalesce(buyer_email, '') || ' ' || coalesce(buyer, '')),
        '@._-+/&’', '        '
    ))
) WITH (fastupdate = off)
    WHERE status = 'confirmed' AND (buyer_name IS NOT NULL OR buyer_email IS NOT NULL OR buyer IS NOT NULL);

CREATE TABLE bookings (
    event_number bigint NOT NULL,
    hold_id uuid NOT NULL,                 -- one hold has at most one booking
    id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('confirmed', 'cancelled')),
    confirmed_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    buyer_name text,
    buyer_email text,
    confirmed_by text NOT NULL,
    metadata jsonb,                        -- the hold's, with the confirmation's on top
    transfers integer,                     -- how often it went to another person; null: never
    transferred_at timestamptz,            -- the last time
    PRIMARY KEY (event_number, hold_id),
    UNIQUE (event_number, id),
    FOREIGN KEY (event_number, hold_id) REFERENCES holds (event_number, id) ON DELETE RESTRICT
);

CREATE INDEX bookings_by_buyer_words ON bookings USING gin (
    to_tsvector('simple', translate(
        lower(coalesce(buyer_name, '') || ' ' || coalesce(buyer_email, '')), '@._-+/&’', '        '
    ))
) WITH (fastupdate = off) WHERE buyer_name IS NOT NULL OR buyer_email IS NOT NULL;
CREATE INDEX bookings_by_metadata ON bookings USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;

-- A booking's reference is the last 40 bits of its id (ids.py).
CREATE UNIQUE INDEX bookings_by_reference ON bookings (event_number, right(id::text, 10));

CREATE TABLE blocks (
    event_number bigint NOT NULL,
    id uuid NOT NULL,
    reason text,
    blocked_at timestamptz NOT NULL,
    lifted_at timestamptz,
    blocked_by text NOT NULL,
    PRIMARY KEY (event_number, id)
);

-- Who has or had what: one row per seat, or per area and quantity. Rows are never deleted; they are each seat's history.
CREATE TABLE claims (
    event_number bigint NOT NULL,
    hold_id uuid NOT NULL,                 -- id of a hold or a block
    claim_number integer NOT NULL,
    line smallint NOT NULL,                -- the line of the request that it answers
    kind text NOT NULL CHECK (kind IN ('hold', 'block')),
    area_number integer NOT NULL,
    seat_number integer,
    quantity integer NOT NULL CHECK (quantity > 0 AND (seat_number IS NULL OR quantity = 1)),
    held_version bigint NOT NULL,
    booked_version bigint,
    ended_version bigint,                  -- live while null
    returned boolean NOT NULL DEFAULT false,  -- it ended before its booking, which went on without it
    ticket integer,                        -- number of its first ticket; null while the booking is as it was made
    PRIMARY KEY (event_number, hold_id, claim_number)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX claims_one_live_per_seat ON claims (event_number, seat_number)
    WHERE ended_version IS NULL AND seat_number IS NOT NULL;
CREATE INDEX claims_ended_by_seat ON claims (event_number, seat_number)
    WHERE ended_version IS NOT NULL AND seat_number IS NOT NULL;

CREATE TABLE journal (
    event_number bigint NOT NULL,
    version bigint NOT NULL,
    at timestamptz NOT NULL,
    structural boolean NOT NULL,           -- the rules or the inventory changed, not only claims
    changes jsonb NOT NULL,
    PRIMARY KEY (event_number, version)
);
CREATE INDEX journal_by_time ON journal (event_number, at);
CREATE INDEX journal_structural ON journal (event_number, version) WHERE structural;

CREATE TABLE attempts (
    event_number bigint NOT NULL,
    number bigint NOT NULL,
    quantity bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('CONFIRMED', 'FAILED')),
    created_at timestamptz NOT NULL,
    booking_id uuid,
    PRIMARY KEY (event_number, number)
);
CREATE INDEX attempts_by_age ON attempts USING brin (created_at);

CREATE TABLE idempotency (
    event_number bigint NOT NULL,
    scope bytea NOT NULL,                  -- SHA-256 of principal, method, route, event and key
    body bytea NOT NULL,                   -- SHA-256 of the request
    status smallint NOT NULL,
    answer bytea NOT NULL,                 -- without the hold token
    token_for uuid,                        -- the hold whose token goes into the answer
    replays integer NOT NULL DEFAULT 0,    -- each replay writes, so that it also waits for the standby
    created_at timestamptz NOT NULL,
    brief boolean NOT NULL DEFAULT false,  -- a refusal of a guest or buyer, kept for minutes
    PRIMARY KEY (event_number, scope)
);
CREATE INDEX idempotency_by_age ON idempotency USING brin (created_at);
CREATE INDEX idempotency_brief_by_age ON idempotency (created_at) WHERE brief;

-- Outward acts that are due, each written with its cause (delivery/). Event number 0 stands for no event.
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

-- Up to which version of an event's journal a consumer has its jobs.
CREATE TABLE feeds (
    event_number bigint NOT NULL,
    consumer text NOT NULL,                -- a webhook's endpoint
    version bigint NOT NULL,
    PRIMARY KEY (event_number, consumer)
) WITH (fillfactor = 50);

-- Tickets that were issued again: each has another code since. All others are derived from their bookings.
CREATE TABLE ticket_revisions (
    event_number bigint NOT NULL,
    booking_id uuid NOT NULL,
    ticket_number integer NOT NULL CHECK (ticket_number > 0),
    revision integer NOT NULL CHECK (revision > 0),
    reissued_at timestamptz NOT NULL,
    reissued_by text NOT NULL,
    retry_scopes bytea[] NOT NULL,         -- of the last requests: a retry of one voids no code
    PRIMARY KEY (event_number, booking_id, ticket_number)
);

-- The doors of an event: their rules, and how far their log counts. The record of a scan locks the row.
CREATE TABLE doors (
    event_number bigint NOT NULL,
    last_number bigint NOT NULL DEFAULT 0, -- of the newest scan
    rules jsonb NOT NULL,                  -- door/decide.py
    changed_at timestamptz,                -- the rules; null: never
    PRIMARY KEY (event_number)
) WITH (fillfactor = 50);

-- The log of scans, in the order of their arrival. Rows never change. A code is here as its SHA-256 only.
CREATE TABLE check_ins (
    event_number bigint NOT NULL,
    number bigint NOT NULL,
    device text NOT NULL,
    seq bigint NOT NULL,                   -- counts the scans of the device: a repeat adds no row
    device_at timestamptz NOT NULL,        -- by the device's clock
    at timestamptz NOT NULL,               -- the same moment, by the clock of the server
    recorded_at timestamptz NOT NULL,
    code_hash bytea NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    gate text,
    list text,
    shown boolean NOT NULL,                -- the device had no network and let the person pass
    verdict text NOT NULL,
    why text,
    earlier jsonb,                         -- the movement that spoke against it
    booking_id uuid,                       -- null: of no ticket of this event
    ticket_number integer,
    admission text,                        -- the seat's label, or the area
    recorded_by text NOT NULL,
    PRIMARY KEY (event_number, number),
    UNIQUE (event_number, device, seq)
);
CREATE INDEX check_ins_by_ticket ON check_ins (event_number, booking_id, ticket_number, number)
    WHERE verdict IN ('admitted', 'left');

-- What an event shows on its page beside its facts. No batch reads it.
CREATE TABLE presentations (
    event_number bigint NOT NULL,
    description text NOT NULL DEFAULT '',  -- Markdown
    poster_digest text,                    -- of the picture; null: there is none
    poster bytea,                          -- JPEG, written by presentation/pictures.py
    poster_small bytea,
    poster_width integer,
    poster_height integer,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (event_number),
    CHECK (num_nulls(poster_digest, poster, poster_small, poster_width, poster_height) IN (0, 5))
);

-- What each minute of an event's sale had. Counts for people who watch it: bookings and journal are the truth.
CREATE TABLE sale_minutes (
    event_number bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,                    -- held, booked, released, expired, cancelled, or refused: and a code
    count bigint NOT NULL,
    admissions bigint NOT NULL,
    PRIMARY KEY (event_number, at, kind)
) WITH (fillfactor = 70);

-- Tables without an event, on the control connection.

CREATE TABLE leases (
    name text NOT NULL PRIMARY KEY,        -- name of a background job
    owner uuid NOT NULL,                   -- id of the process that runs it now
    until timestamptz NOT NULL             -- after this time any process may take it
);

-- The seat maps of venues, as given. No row ever changes: a change adds a version. Events copy what they sell.
CREATE TABLE seat_maps (
    id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    name text NOT NULL,
    document text NOT NULL,                -- JSON, in any form of a seat map
    capacity integer NOT NULL,             -- seats, and admissions of drawn areas
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    organisation_number bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (id, version)
);

CREATE TABLE event_creations (
    scope bytea NOT NULL PRIMARY KEY,
    body bytea NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    status smallint,
    answer bytea,
    created_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id text NOT NULL PRIMARY KEY,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    organisation_number bigint NOT NULL DEFAULT 1,
    previous_hash bytea,                   -- the secret before the last rotation
    previous_until timestamptz             -- it works until then
);

-- Who sells. Number 1 exists from the start, and a server with one organiser needs no other.
CREATE TABLE organisations (
    number bigint NOT NULL PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    requires_second_factor boolean NOT NULL DEFAULT false -- of its members
);
INSERT INTO organisations (number, slug, name, created_at) VALUES (1, 'main', 'Main', statement_timestamp());

-- Receivers of notices. Their secrets are derived from the server key, and stored nowhere.
CREATE TABLE webhook_endpoints (
    id uuid NOT NULL PRIMARY KEY,
    organisation_number bigint NOT NULL,
    url text NOT NULL,
    kinds text[] NOT NULL,                 -- of notices; empty: all
    description text,
    status text NOT NULL CHECK (status IN ('enabled', 'disabled')),
    reason text,                           -- why the server disabled it
    generation integer NOT NULL,           -- of the secret; a rotation adds one
    rotated_at timestamptz,
    failing_since timestamptz,             -- no delivery has succeeded since
    created_at timestamptz NOT NULL,
    created_by text NOT NULL
);

-- People who can sign in: buyers, and with a membership staff.
CREATE TABLE accounts (
    id bigint NOT NULL PRIMARY KEY,
    name text NOT NULL,
    phone_number text NOT NULL,
    email text NOT NULL,
    email_folded text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    language text                          -- in which the person reads; null: that of the browser
);

-- For servers of generations before 12.
CREATE VIEW users AS
SELECT id, name, phone_number, email, email_folded, password_hash, created_at FROM accounts;

CREATE TABLE memberships (
    organisation_number bigint NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL,                    -- access/permissions.py
    events bigint[],                       -- the numbers of the only events that the member may see; null: all
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_number, account_id)
);
CREATE INDEX memberships_by_account ON memberships (account_id);

-- People who are signed in. A cookie or an access token names a session.
CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,      -- SHA-256 of the cookie's value
    account_id bigint NOT NULL,
    organisation_number bigint,            -- whose staff the person acts as; null: a buyer
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,     -- exact to a minute
    idle_seconds integer NOT NULL,         -- without a use for this long, it ends
    expires_at timestamptz NOT NULL,
    has_second_factor boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- How programs stay signed in. The tokens of one session are a family, which ends if one of them comes twice.
CREATE TABLE refresh_tokens (
    token_hash bytea NOT NULL PRIMARY KEY, -- SHA-256
    session_id uuid NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,                   -- since when the next one counts
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);

-- Authenticator apps. The secret of each is derived from the server key and the id.
CREATE TABLE totp_apps (
    account_id bigint NOT NULL PRIMARY KEY,
    id uuid NOT NULL,
    is_confirmed boolean NOT NULL,
    last_step bigint NOT NULL,             -- the time step of the newest code that was used
    created_at timestamptz NOT NULL
) WITH (fillfactor = 80);

-- Codes for the day an app is lost. One that was used is deleted.
CREATE TABLE recovery_codes (
    account_id bigint NOT NULL,
    code_hash bytea NOT NULL,              -- SHA-256
    PRIMARY KEY (account_id, code_hash)
);

-- Passkeys of accounts. The private part of each stays in its authenticator.
CREATE TABLE passkeys (
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    credential_id bytea NOT NULL UNIQUE,   -- the authenticator's name for it
    public_key bytea NOT NULL,             -- COSE
    sign_count bigint NOT NULL,            -- of the newest use; an authenticator that counts never repeats one
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (account_id, id)
) WITH (fillfactor = 80);

-- Challenges that were answered rightly. Each works once.
CREATE TABLE used_challenges (
    challenge_hash bytea NOT NULL PRIMARY KEY, -- SHA-256
    expires_at timestamptz NOT NULL            -- after it, the challenge is refused without its row
);
CREATE INDEX used_challenges_by_end ON used_challenges (expires_at);

-- Links in mails, and the link of the first start. Each works once.
CREATE TABLE one_time_tokens (
    token_hash bytea NOT NULL PRIMARY KEY, -- SHA-256 of the link's token
    purpose text NOT NULL,                 -- access/one_time_tokens.py
    account_id bigint,
    organisation_number bigint,
    email text,
    detail jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX one_time_tokens_by_account ON one_time_tokens (account_id);
CREATE INDEX one_time_tokens_by_end ON one_time_tokens (expires_at);

-- What members, keys and the operator did, apart from events' inventories: the journal has that. Rows never change.
CREATE TABLE audit_entries (
    organisation_number bigint NOT NULL,
    id bigint NOT NULL,
    at timestamptz NOT NULL,
    principal text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    request_id text,
    address text,
    detail jsonb NOT NULL,
    PRIMARY KEY (organisation_number, id)
);
CREATE INDEX audit_entries_by_age ON audit_entries USING brin (at);
