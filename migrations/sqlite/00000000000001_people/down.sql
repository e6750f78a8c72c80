DROP TABLE sign_in_failures;
DROP TABLE sessions;
DROP TABLE members;
DROP TABLE people;
DROP TABLE teams;
DROP TABLE setup_tokens;
DROP TABLE instance;
