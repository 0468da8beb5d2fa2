//! How the keys stand that sign here: the authority's entry says since when it knows a key, and whether the key took over from another.

use fieldseal_packet::entry::{Enrolled, Rotated};
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::{Note, Vkey};
use fieldseal_vault::officers;

use crate::api::{KeyView, KeysView};
use crate::core::Core;
use crate::problem::{Code, Problem};

impl Core {
    /// The tablet's key and its officers'; the vault is open.
    pub fn keys(&self) -> Result<KeysView, Problem> {
        let vault = self.open_vault()?;
        let identity = self.identity()?;
        let renewing = vault
            .next_device_seed()
            .map_err(|error| Problem::because(Code::KeyMissing, error))?
            .is_some();
        let mut device = view(&identity.id, Some(&identity.vkey), Some(&identity.entry));
        if self.retired_at().is_some() {
            device.standing = "retired".to_owned();
        } else if renewing {
            device.standing = "renewing".to_owned();
        }
        let records = self.read(|c| Ok(officers::list(c)?))?;
        let officers = vault.officers().into_iter().map(|slot| {
            let record = records.iter().find(|record| record.id == slot.id);
            let entry = record.and_then(|record| record.entry.as_deref());
            view(
                &slot.id,
                record.and_then(|record| record.vkey.as_deref()),
                entry.and_then(|entry| std::str::from_utf8(entry).ok()),
            )
        });
        Ok(KeysView {
            device,
            officers: officers.collect(),
        })
    }
}

fn view(id: &str, vkey: Option<&str>, entry: Option<&str>) -> KeyView {
    let key = vkey.and_then(|vkey| Vkey::parse(vkey).ok());
    let bound = entry
        .and_then(bound)
        .filter(|bound| Some(bound.vkey.as_str()) == vkey);
    let standing = match bound {
        Some(_) => "enrolled",
        None => "not-enrolled",
    };
    KeyView {
        id: id.to_owned(),
        fingerprint: key
            .map(|key| Sha256Digest(key.fingerprint()).to_string())
            .unwrap_or_default(),
        standing: standing.to_owned(),
        since: bound.as_ref().map(|bound| bound.since.to_string()),
        took_over: bound.is_some_and(|bound| bound.took_over),
    }
}

/// What an entry says of the key that it binds.
struct Bound {
    vkey: String,
    since: Timestamp,
    took_over: bool,
}

/// Entries were checked when they came.
fn bound(entry: &str) -> Option<Bound> {
    let text = Note::parse(entry.as_bytes()).ok()?.text;
    let first = Enrolled::parse(&text).map(|entry| Bound {
        vkey: entry.vkey,
        since: entry.enrolled_at,
        took_over: false,
    });
    let rotated = || {
        Rotated::parse(&text).map(|entry| Bound {
            vkey: entry.vkey,
            since: entry.rotated_at,
            took_over: true,
        })
    };
    first.or_else(|_| rotated()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::entry::SubjectKind;
    use fieldseal_tlog::note::{Ed25519Signer, Signer as _};

    fn signed(text: &str) -> String {
        let authority = Ed25519Signer::from_seed("bureau.example/log/authority", &[1; 32]).unwrap();
        let note = Note::sign(text, &[&authority]).unwrap();
        String::from_utf8(note.to_bytes()).unwrap()
    }

    #[test]
    fn an_entry_says_how_its_key_stands_and_no_other() {
        let name = "bureau.example/log/officer/o-1";
        let key = |seed| {
            Ed25519Signer::from_seed(name, &[seed; 32])
                .unwrap()
                .vkey()
                .to_string()
        };
        let enrolled = signed(
            &Enrolled {
                origin: "bureau.example/log".to_owned(),
                kind: SubjectKind::Officer,
                subject: name.to_owned(),
                vkey: key(2),
                enrolled_at: Timestamp::from_millis(0),
            }
            .text(),
        );
        let rotated = signed(
            &Rotated {
                origin: "bureau.example/log".to_owned(),
                kind: SubjectKind::Officer,
                subject: name.to_owned(),
                old_vkey: key(2),
                vkey: key(3),
                rotated_at: Timestamp::from_millis(1000),
            }
            .text(),
        );
        let first = view("o-1", Some(&key(2)), Some(&enrolled));
        assert_eq!(
            (
                &*first.standing,
                first.since.as_deref(),
                first.took_over,
                first.fingerprint.len()
            ),
            ("enrolled", Some("1970-01-01T00:00:00.000Z"), false, 64)
        );
        let second = view("o-1", Some(&key(3)), Some(&rotated));
        assert_eq!(
            (&*second.standing, second.since.as_deref(), second.took_over),
            ("enrolled", Some("1970-01-01T00:00:01.000Z"), true)
        );
        for (vkey, entry) in [
            (Some(key(2)), Some(&*rotated)),
            (Some(key(2)), None),
            (Some(key(2)), Some("no note")),
            (None, Some(&*enrolled)),
        ] {
            let other = view("o-1", vkey.as_deref(), entry);
            assert_eq!((&*other.standing, other.since), ("not-enrolled", None));
        }
    }
}
