CREATE TABLE keys (
    id TEXT PRIMARY KEY NOT NULL,
    team_id TEXT NOT NULL REFERENCES teams (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    preview TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    permissions TEXT NOT NULL CHECK (permissions <> ''),
    fields TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL REFERENCES people (id),
    expires_at INTEGER,
    revoked_at INTEGER,
    -- None for a key that revoked itself.
    revoked_by TEXT REFERENCES people (id),
    expires_key INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(expires_at, 9223372036854775807)) STORED,
    is_revoked INTEGER NOT NULL GENERATED ALWAYS AS (revoked_at IS NOT NULL) STORED
) STRICT;

-- One index a sort. Each carries the folded name, so that a search filters without touching the rows.
CREATE INDEX keys_name ON keys (team_id, name_folded, id);
CREATE INDEX keys_created ON keys (team_id, created_at, id, name_folded);
CREATE INDEX keys_expires ON keys (team_id, expires_key, id, name_folded);
CREATE INDEX keys_status ON keys (team_id, is_revoked, expires_key, id, name_folded);
CREATE INDEX keys_preview ON keys (team_id, preview, id, name_folded);

-- Digests of deleted keys: the same bytes never become a key again.
CREATE TABLE tombstones (
    digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    deleted_at INTEGER NOT NULL
) STRICT;

-- Which create form made which key, so that a form sent twice makes one.
CREATE TABLE creations (
    team_id TEXT NOT NULL REFERENCES teams (id),
    nonce TEXT NOT NULL,
    key_id TEXT NOT NULL,
    PRIMARY KEY (team_id, nonce)
) STRICT;
