//! The gate's doors.

mod own_key;
