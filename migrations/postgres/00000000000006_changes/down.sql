DROP TABLE instances;
DROP TABLE changes;
DROP TABLE head;
