-- Browsers that a person has signed in on before: their failed sign-ins are counted here, apart from those of strangers.
CREATE TABLE devices (
    digest BYTEA PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    -- A device is known only as long as the password that was used on it.
    password_version BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX devices_person ON devices (person_id, seen_at);
CREATE INDEX devices_seen ON devices (seen_at);
