-- Whether members, who else have no access to keys, keep those that they created.
ALTER TABLE teams ADD COLUMN members_manage_keys BOOLEAN NOT NULL DEFAULT FALSE;
