//! Small things that the screen needs before the vault is open: language, who is on duty (by pseudonymous id), the last
//! contact with the server, and the last known counts. No names, no places, no secrets; losing the file loses nothing.

use std::io::{self, Write as _};
use std::path::Path;

use fieldseal_packet::Timestamp;
use serde::{Deserialize, Serialize};

const FILE: &str = "screen.json";

/// The last time the server told us its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// This tablet's wall clock then.
    pub seen_at: Timestamp,
    /// This tablet's clock minus the server's, milliseconds.
    pub offset_ms: i64,
}

/// What was last known, to be shown while the vault is shut.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Sealed, not yet safe.
    pub unsafe_packets: u32,
    /// When the oldest of them was sealed.
    pub unsafe_oldest_at: Option<Timestamp>,
    /// Their photos.
    pub unsafe_photos: u32,
    /// Their bytes.
    pub unsafe_bytes: u64,
    /// Of them, wedged.
    pub wedged: u32,
    /// Drafts not sealed.
    pub drafts: u32,
    /// Returned packets without a sealed supplement.
    pub tasks: u32,
    /// Sequence number of the next packet.
    pub next_seq: u32,
}

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// `zh` or `en`.
    pub language: Option<String>,
    /// `light`, `dark` or `sun`.
    pub theme: Option<String>,
    /// Officer ids, lead first.
    pub on_duty: Vec<String>,
    /// Uploads are held back.
    pub hold: bool,
    /// Last contact with the server.
    pub contact: Option<Contact>,
    /// When a damaged database was last set aside and made anew.
    pub rebuilt_at: Option<Timestamp>,
    /// Last known counts.
    pub counts: Counts,
    /// The authority's signed word that this tablet is retired. Believed by its signature alone.
    pub retired: Option<String>,
}

impl Prefs {
    /// What is there; defaults for what is missing or unreadable.
    pub fn load(dir: &Path) -> Self {
        std::fs::read(dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Writes beside and renames, so that a crash leaves the old or the new file.
    pub fn store(&self, dir: &Path) -> io::Result<()> {
        let beside = dir.join(format!("{FILE}.new"));
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(beside, dir.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_it_stores_and_forgives_what_it_cannot_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Prefs::load(dir.path()), Prefs::default());
        let prefs = Prefs {
            language: Some("en".into()),
            on_duty: vec!["a".into()],
            ..Prefs::default()
        };
        prefs.store(dir.path()).unwrap();
        assert_eq!(Prefs::load(dir.path()), prefs);
        std::fs::write(dir.path().join(FILE), b"{\"theme\":\"sun\"}").unwrap();
        assert_eq!(Prefs::load(dir.path()).theme.as_deref(), Some("sun"));
        std::fs::write(dir.path().join(FILE), b"\xff").unwrap();
        assert_eq!(Prefs::load(dir.path()), Prefs::default());
    }
}
