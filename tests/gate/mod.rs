//! The gate's doors.

mod dropped;
mod own_key;
