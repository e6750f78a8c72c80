-- What the instances' indexes have to learn. The one row of head is locked by whoever changes something, so that
-- numbers follow the order of the commits.
CREATE TABLE head (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO head (id, seq) VALUES (1, 0);

CREATE TABLE changes (
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL
) STRICT;
CREATE INDEX changes_seq ON changes (seq);

-- Who judges by an index, and which change it knows.
CREATE TABLE instances (
    id TEXT PRIMARY KEY NOT NULL,
    acked INTEGER NOT NULL
) STRICT;
