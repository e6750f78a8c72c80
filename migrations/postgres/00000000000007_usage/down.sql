DROP TABLE use_addresses;
DROP TABLE use_counts;
DROP TRIGGER keys_begin_unused ON keys;
DROP FUNCTION begin_unused;
DROP TABLE last_uses;
