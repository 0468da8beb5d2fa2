//! Who may do what: device tokens, console sessions, passwords and the brake on guessing.

pub mod brake;
pub mod device;
pub mod pace;
pub mod password;
pub mod reader;
pub mod session;
