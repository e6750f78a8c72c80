-- Failed sign-ins that the audit log does not have yet. It gets a row a minute for each account and IP address.
CREATE TABLE failed_sign_ins (
    email_folded TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    unreported BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (email_folded, address)
);
CREATE INDEX failed_sign_ins_reported ON failed_sign_ins (reported_at);
