//! Planted faults, for one purpose: the fault campaign (`cargo xtask faults teeth`) must find each of them, or it proves nothing.
//! Without the feature `teeth`, which no shipped binary has, [`planted`] is a constant `false` and nothing here is compiled in.
//!
//! Here: `no-file-fsync` and `swallow-eio` in the machine's disk, `wal-normal` at opening a database, `no-unique-index` in the schema
//! and at taking captures in.

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

/// A schema's text; without the key of captures when that is the fault.
pub(crate) fn schema(sql: &str) -> std::borrow::Cow<'_, str> {
    if !planted("no-unique-index") {
        return sql.into();
    }
    sql.replace(
        "capture_seq     INTEGER PRIMARY KEY",
        "capture_seq     INTEGER NOT NULL",
    )
    .replace(
        "capture_seq INTEGER NOT NULL REFERENCES captures (capture_seq)",
        "capture_seq INTEGER NOT NULL",
    )
    .into()
}
