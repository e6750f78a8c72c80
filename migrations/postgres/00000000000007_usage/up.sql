-- The last request with a key while it worked. A row comes with each key, so that the list can walk an index through
-- all of them: `used_at` is 0 as long as it was never used. A table of its own: it is written all the time, and a
-- write to `keys` would touch each of its indexes and wait for whoever changes the key.
CREATE TABLE last_uses (
    key_id TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    used_at BIGINT NOT NULL DEFAULT 0,
    address TEXT COLLATE "C",
    client TEXT COLLATE "C"
);
CREATE INDEX last_uses_at ON last_uses (team_id, used_at, key_id);
INSERT INTO last_uses (key_id, team_id) SELECT id, team_id FROM keys;
CREATE FUNCTION begin_unused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO last_uses (key_id, team_id) VALUES (NEW.id, NEW.team_id);
    RETURN NULL;
END $$;
CREATE TRIGGER keys_begin_unused AFTER INSERT ON keys FOR EACH ROW EXECUTE FUNCTION begin_unused();

-- How many requests with a key ended so, by the hour in which they came (its first second).
CREATE TABLE use_counts (
    key_id TEXT COLLATE "C" NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    hour BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    uses BIGINT NOT NULL,
    PRIMARY KEY (key_id, hour, outcome)
);
CREATE INDEX use_counts_hour ON use_counts (hour);

-- From where a key was used lately, and the last hour in which it was (its first second).
CREATE TABLE use_addresses (
    key_id TEXT COLLATE "C" NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    address TEXT COLLATE "C" NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, address)
);
CREATE INDEX use_addresses_seen ON use_addresses (seen_at);
