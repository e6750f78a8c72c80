CREATE TABLE projects (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    team_id TEXT COLLATE "C" NOT NULL REFERENCES teams (id),
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    archived_at BIGINT
);
CREATE UNIQUE INDEX projects_name ON projects (team_id, name_folded);

ALTER TABLE keys ADD COLUMN project_id TEXT COLLATE "C" REFERENCES projects (id);
-- One a line; none: any.
ALTER TABLE keys ADD COLUMN domains TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN addresses TEXT COLLATE "C" NOT NULL DEFAULT '';
-- greeting=on captions=off
ALTER TABLE keys ADD COLUMN toggles TEXT COLLATE "C" NOT NULL DEFAULT '';
-- The whole key, of publishable kinds only: these are no secrets.
ALTER TABLE keys ADD COLUMN published TEXT COLLATE "C";

CREATE INDEX keys_kind ON keys (team_id, kind, id) INCLUDE (name_folded);
-- What belongs to one project, or was made by one person, by status.
CREATE INDEX keys_project ON keys (team_id, project_id, is_revoked, expires_key, id) INCLUDE (name_folded);
CREATE INDEX keys_maker ON keys (team_id, created_by, is_revoked, expires_key, id) INCLUDE (name_folded);
