//! The people room, action by action.
