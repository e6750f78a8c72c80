CREATE TABLE keys (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    preview TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    permissions TEXT COLLATE "C" NOT NULL CHECK (permissions <> ''),
    fields TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    expires_at BIGINT,
    revoked_at BIGINT,
    -- None for a key that revoked itself.
    revoked_by TEXT COLLATE "C" REFERENCES people (id),
    expires_key BIGINT NOT NULL GENERATED ALWAYS AS (coalesce(expires_at, 9223372036854775807)) STORED,
    is_revoked BOOLEAN NOT NULL GENERATED ALWAYS AS (revoked_at IS NOT NULL) STORED
);

-- One index a sort. Each carries the folded name, so that a search filters without touching the rows.
CREATE INDEX keys_name ON keys (team_id, name_folded, id);
CREATE INDEX keys_created ON keys (team_id, created_at, id) INCLUDE (name_folded);
CREATE INDEX keys_expires ON keys (team_id, expires_key, id) INCLUDE (name_folded);
CREATE INDEX keys_status ON keys (team_id, is_revoked, expires_key, id) INCLUDE (name_folded);
CREATE INDEX keys_preview ON keys (team_id, preview, id) INCLUDE (name_folded);

-- Digests of deleted keys: the same bytes never become a key again.
CREATE TABLE tombstones (
    digest BYTEA PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    deleted_at BIGINT NOT NULL
);

-- Which create form made which key, so that a form sent twice makes one.
CREATE TABLE creations (
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    nonce TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (team_id, nonce)
);
