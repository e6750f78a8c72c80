CREATE TABLE projects (
    id TEXT PRIMARY KEY NOT NULL,
    team_id TEXT NOT NULL REFERENCES teams (id),
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    archived_at INTEGER
) STRICT;
CREATE UNIQUE INDEX projects_name ON projects (team_id, name_folded);

ALTER TABLE keys ADD COLUMN project_id TEXT REFERENCES projects (id);
-- One a line; none: any.
ALTER TABLE keys ADD COLUMN domains TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
-- greeting=on captions=off
ALTER TABLE keys ADD COLUMN toggles TEXT NOT NULL DEFAULT '';
-- The whole key, of publishable kinds only: these are no secrets.
ALTER TABLE keys ADD COLUMN published TEXT;

CREATE INDEX keys_kind ON keys (team_id, kind, id, name_folded);
-- What belongs to one project, or was made by one person, by status.
CREATE INDEX keys_project ON keys (team_id, project_id, is_revoked, expires_key, id, name_folded);
CREATE INDEX keys_maker ON keys (team_id, created_by, is_revoked, expires_key, id, name_folded);
