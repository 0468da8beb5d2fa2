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
    /// Minutes without use until it locks by itself.
    pub auto_lock_min: Option<u32>,
    /// Officer ids, lead first.
    pub on_duty: Vec<String>,
    /// Uploads are held back.
    pub hold: bool,
    /// Packets' bytes go over no network that somebody pays for by the byte.
    pub wifi_only: bool,
    /// They go in another operator's network, too.
    pub while_roaming: bool,
    /// Last contact with the server.
    pub contact: Option<Contact>,
    /// When a damaged database was last set aside and made anew; until an officer has read what came back.
    pub rebuilt_at: Option<Timestamp>,
    /// Last known counts.
    pub counts: Counts,
    /// The authority's signed word that this tablet is retired. Believed by its signature alone.
    pub retired: Option<String>,
    /// There is a file, and it could not be read: not to be overwritten before [`Prefs::catch_up`].
    #[serde(skip)]
    pub unread: bool,
}

impl Prefs {
    /// What is there; defaults for what is missing or makes no sense.
    pub fn load(dir: &Path) -> Self {
        Self::read(dir).unwrap_or_else(|_| Self {
            unread: true,
            ..Self::default()
        })
    }

    fn read(dir: &Path) -> io::Result<Self> {
        match std::fs::read(dir.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Looks once more for what could not be read at the start, before it is overwritten. If it still can't be read, it is
    /// lost.
    pub fn catch_up(&mut self, dir: &Path) {
        if std::mem::take(&mut self.unread)
            && let Ok(read) = Self::read(dir)
        {
            *self = read;
        }
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

    #[test]
    fn what_could_not_be_read_is_not_overwritten_unseen() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Prefs {
            on_duty: vec!["a".into()],
            retired: Some("note".into()),
            ..Prefs::default()
        };
        // Reading a folder fails, and not for want of it.
        std::fs::create_dir(dir.path().join(FILE)).unwrap();
        let mut prefs = Prefs::load(dir.path());
        assert!(prefs.unread && prefs.on_duty.is_empty());
        std::fs::remove_dir(dir.path().join(FILE)).unwrap();
        kept.store(dir.path()).unwrap();
        prefs.catch_up(dir.path());
        assert_eq!(prefs, kept);
        prefs.hold = true;
        prefs.catch_up(dir.path());
        assert!(prefs.hold, "looked for once");
    }
}
