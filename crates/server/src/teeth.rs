//! Planted faults, for one purpose: the fault campaign (`cargo xtask faults teeth`) must find each of them, or it proves nothing.
//! Without the feature `teeth`, which no shipped binary has, [`planted`] is a constant `false` and nothing here is compiled in.
//!
//! Here: `no-dir-fsync` where folders are synced, `finalise-not-atomic` where a blob gets its name, `row-before-file` and
//! `leaf-outside-transaction` at admission.

/// Whether this run has the fault of this name.
#[cfg(feature = "teeth")]
pub(crate) fn planted(name: &str) -> bool {
    static TOOTH: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    TOOTH
        .get_or_init(|| std::env::var("FIELDSEAL_TOOTH").ok())
        .as_deref()
        == Some(name)
}

/// No faults are planted.
#[cfg(not(feature = "teeth"))]
#[inline(always)]
pub(crate) const fn planted(_name: &str) -> bool {
    false
}
