-- Browsers that a person has signed in on before: their failed sign-ins are counted here, apart from those of strangers.
CREATE TABLE devices (
    digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    person_id TEXT NOT NULL REFERENCES people (id),
    -- A device is known only as long as the password that was used on it.
    password_version INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_person ON devices (person_id, seen_at);
CREATE INDEX devices_seen ON devices (seen_at);
