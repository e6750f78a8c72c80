-- What programs prove themselves by that ask about the keys of others.
CREATE TABLE gate_tokens (
    name TEXT PRIMARY KEY NOT NULL,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL
) STRICT;
