//! The gate's doors.

mod bad_input;
mod client_ip;
mod cors;
mod dropped;
mod forward_auth;
mod full_disk;
mod gate_token;
mod history;
mod introspect;
mod key_headers;
mod literal_path;
mod names;
mod oauth_clients;
mod oauth_metadata;
mod openapi;
mod own_key;
mod proxies;
mod routes;
mod trouble;
mod verify;
