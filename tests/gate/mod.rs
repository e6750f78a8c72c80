//! The gate's doors.

mod dropped;
mod forward_auth;
mod gate_token;
mod introspect;
mod own_key;
mod verify;
