-- The last request with a key while it worked. A row comes with each key, so that the list can walk an index through
-- all of them: `used_at` is 0 as long as it was never used.
CREATE TABLE last_uses (
    key_id TEXT PRIMARY KEY NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    team_id TEXT NOT NULL REFERENCES teams (id),
    used_at INTEGER NOT NULL DEFAULT 0,
    address TEXT,
    client TEXT
) STRICT;
CREATE INDEX last_uses_at ON last_uses (team_id, used_at, key_id);
INSERT INTO last_uses (key_id, team_id) SELECT id, team_id FROM keys;
CREATE TRIGGER keys_begin_unused AFTER INSERT ON keys
BEGIN INSERT INTO last_uses (key_id, team_id) VALUES (NEW.id, NEW.team_id); END;

-- How many requests with a key ended so, by the hour in which they came (its first second).
CREATE TABLE use_counts (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    hour INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (key_id, hour, outcome)
) STRICT;
CREATE INDEX use_counts_hour ON use_counts (hour);

-- From where a key was used lately, and the last hour in which it was (its first second).
CREATE TABLE use_addresses (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, address)
) STRICT;
CREATE INDEX use_addresses_seen ON use_addresses (seen_at);
