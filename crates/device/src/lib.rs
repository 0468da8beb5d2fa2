//! The tablet's engine: everything the app can do, without a window.

pub mod api;
