DROP TABLE use_addresses;
DROP TABLE use_counts;
DROP TRIGGER keys_begin_unused;
DROP TABLE last_uses;
