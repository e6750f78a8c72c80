-- Times are whole seconds since 1970 (UTC).
CREATE TABLE instance (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE setup_tokens (
    digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE teams (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX teams_name ON teams (name);

CREATE TABLE people (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    -- Counts the passwords that were set: a session holds only with the one it was begun with.
    password_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    person_id TEXT NOT NULL REFERENCES people (id),
    team_id TEXT NOT NULL REFERENCES teams (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'viewer', 'member')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (person_id, team_id)
) STRICT;
CREATE INDEX members_team ON members (team_id, role);

CREATE TABLE sessions (
    digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    person_id TEXT NOT NULL REFERENCES people (id),
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_created ON sessions (created_at);

-- Failed sign-ins, by account ('email:' and the folded address, known or not) and by client
-- ('address:' and the address).
CREATE TABLE sign_in_failures (
    subject TEXT PRIMARY KEY NOT NULL,
    failures INTEGER NOT NULL,
    since INTEGER NOT NULL,
    wait_until INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_failures_since ON sign_in_failures (since);
