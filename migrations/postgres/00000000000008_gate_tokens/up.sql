-- What programs prove themselves by that ask about the keys of others.
CREATE TABLE gate_tokens (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    digest BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at BIGINT NOT NULL
);
