//! The tables, for both engines. Written by hand: the columns that the code reads and writes.
//! A test compares it with the live tables of SQLite and of Postgres.
#![allow(missing_docs)] // the names are the documentation

diesel::table! {
    instance (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    setup_tokens (digest) {
        digest -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    teams (id) {
        id -> Text,
        name -> Text,
        created_at -> BigInt,
        members_manage_keys -> Bool,
    }
}

diesel::table! {
    people (id) {
        id -> Text,
        email -> Text,
        email_folded -> Text,
        name -> Text,
        password_hash -> Text,
        password_version -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    members (person_id, team_id) {
        person_id -> Text,
        team_id -> Text,
        role -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (digest) {
        digest -> Binary,
        person_id -> Text,
        state -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    sign_in_failures (subject) {
        subject -> Text,
        failures -> BigInt,
        since -> BigInt,
        wait_until -> BigInt,
    }
}

diesel::table! {
    devices (digest) {
        digest -> Binary,
        person_id -> Text,
        password_version -> BigInt,
        failures -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    failed_sign_ins (email_folded, address) {
        email_folded -> Text,
        address -> Text,
        unreported -> BigInt,
        reported_at -> BigInt,
    }
}

diesel::table! {
    keys (id) {
        id -> Text,
        team_id -> Text,
        kind -> Text,
        name -> Text,
        name_folded -> Text,
        preview -> Text,
        digest -> Binary,
        permissions -> Text,
        fields -> Text,
        created_at -> BigInt,
        created_by -> Text,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Nullable<Text>,
        expires_key -> BigInt,
        is_revoked -> Bool,
        project_id -> Nullable<Text>,
        domains -> Text,
        addresses -> Text,
        toggles -> Text,
        published -> Nullable<Text>,
    }
}

diesel::table! {
    projects (id) {
        id -> Text,
        team_id -> Text,
        name -> Text,
        name_folded -> Text,
        created_at -> BigInt,
        archived_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tombstones (digest) {
        digest -> Binary,
        deleted_at -> BigInt,
    }
}

diesel::table! {
    gate_tokens (name) {
        name -> Text,
        digest -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    creations (team_id, nonce) {
        team_id -> Text,
        nonce -> Text,
        key_id -> Text,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Text,
        at -> BigInt,
        team_id -> Nullable<Text>,
        person_id -> Nullable<Text>,
        address -> Nullable<Text>,
        action -> Text,
        subject -> Text,
        result -> Text,
        detail -> Text,
    }
}

diesel::table! {
    head (id) {
        id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    changes (seq, kind, id) {
        seq -> BigInt,
        kind -> Text,
        id -> Text,
    }
}

diesel::table! {
    instances (id) {
        id -> Text,
        acked -> BigInt,
    }
}

diesel::table! {
    last_uses (key_id) {
        key_id -> Text,
        team_id -> Text,
        used_at -> BigInt,
        address -> Nullable<Text>,
        client -> Nullable<Text>,
    }
}

diesel::table! {
    use_counts (key_id, hour, outcome) {
        key_id -> Text,
        hour -> BigInt,
        outcome -> Text,
        uses -> BigInt,
    }
}

diesel::table! {
    use_addresses (key_id, address) {
        key_id -> Text,
        address -> Text,
        seen_at -> BigInt,
    }
}

diesel::joinable!(devices -> people (person_id));
diesel::joinable!(members -> people (person_id));
diesel::joinable!(members -> teams (team_id));
diesel::joinable!(keys -> teams (team_id));
diesel::allow_tables_to_appear_in_same_query!(people, devices, members, teams, keys, projects, audit_log);
