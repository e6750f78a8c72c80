DROP TABLE creations;
DROP TABLE tombstones;
DROP TABLE keys;
