ALTER TABLE teams DROP COLUMN members_manage_keys;
