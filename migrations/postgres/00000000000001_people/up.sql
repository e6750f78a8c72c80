-- Times are whole seconds since 1970 (UTC). Text compares byte by byte, as it does in SQLite.
CREATE TABLE instance (
    name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE setup_tokens (
    digest BYTEA PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    expires_at BIGINT NOT NULL
);

CREATE TABLE teams (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX teams_name ON teams (name);

CREATE TABLE people (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    email_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    -- Counts the passwords that were set: a session holds only with the one it was begun with.
    password_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'viewer', 'member')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, team_id)
);
CREATE INDEX members_team ON members (team_id, role);

CREATE TABLE sessions (
    digest BYTEA PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_created ON sessions (created_at);

-- Failed sign-ins, by account ('email:' and the folded address, known or not) and by client
-- ('address:' and the address).
CREATE TABLE sign_in_failures (
    subject TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL,
    wait_until BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_since ON sign_in_failures (since);
