DROP INDEX keys_maker;
DROP INDEX keys_project;
DROP INDEX keys_kind;
ALTER TABLE keys DROP COLUMN published;
ALTER TABLE keys DROP COLUMN toggles;
ALTER TABLE keys DROP COLUMN addresses;
ALTER TABLE keys DROP COLUMN domains;
ALTER TABLE keys DROP COLUMN project_id;
DROP TABLE projects;
