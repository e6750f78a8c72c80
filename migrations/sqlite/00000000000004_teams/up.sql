-- Whether members, who else have no access to keys, keep those that they created.
ALTER TABLE teams ADD COLUMN members_manage_keys INTEGER NOT NULL DEFAULT 0 CHECK (members_manage_keys IN (0, 1));
