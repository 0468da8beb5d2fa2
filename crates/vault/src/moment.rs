//! "Now", as the vault needs it to make wrong PINs wait.

use fieldseal_packet::Timestamp;

/// The wall clock, which anybody can turn, and the boot clock, which nobody can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Wall clock.
    pub at: Timestamp,
    /// The system's id of this boot.
    pub boot_id: String,
    /// Milliseconds since that boot, sleep included.
    pub boot_ms: u64,
}
