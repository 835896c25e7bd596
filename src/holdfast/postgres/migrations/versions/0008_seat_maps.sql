-- Zero is the default, so no row is rewritten. A server of the generation before names its columns, so it works with
-- these. It does not know traits: create the first map with wheelchair places or whole tables when all are new.

ALTER TABLE seats ADD COLUMN traits smallint NOT NULL DEFAULT 0;

CREATE TABLE map_details (
    event_number bigint NOT NULL,
    map_version integer NOT NULL,
    areas jsonb NOT NULL,
    source uuid,
    source_version integer,
    PRIMARY KEY (event_number, map_version)
);

CREATE TABLE seat_maps (
    id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    name text NOT NULL,
    document text NOT NULL,
    capacity integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (id, version)
);

UPDATE schema_generation SET generation = 8;
