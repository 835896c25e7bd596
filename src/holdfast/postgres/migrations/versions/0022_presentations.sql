-- A new table and a new column, which servers of earlier generations do not know.

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

-- The language in which a person reads mails and pages; null: that of the browser.
ALTER TABLE accounts ADD COLUMN language text;

UPDATE schema_generation SET generation = 22;
