//! Kinds as data: which forms tablets are given. A form is taken only if a tablet would take it (the same check), and only
//! as a higher version of its kind: what a tablet has seen never changes its meaning under the same name.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::form::check::{self, FormError, is_id, is_newer};
use fieldseal_wire::forms::FormRef;
use rusqlite::{Connection, Transaction};

use crate::ambient::Millis;
use crate::store::forms::{self, FormRow};
use crate::store::{StoreError, custody};

/// Kinds that every tablet has of itself.
pub const BUILT_IN: [&str; 3] = ["illegal-structure", "group-rental", "billboard"];
/// Most kinds.
const MAX_KINDS: usize = 200;

/// A form or a kind was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormsError {
    /// It is no usable form.
    #[error("the form can't be used: {0}")]
    Form(#[from] FormError),
    /// The version is not higher than the one that is here.
    #[error("{kind} is here in version {here}: a new form needs a higher version than that")]
    NotNewer {
        /// Kind's id.
        kind: String,
        /// The newest one here.
        here: String,
    },
    /// No kind of this name.
    #[error("there is no kind of that name")]
    Unknown,
    /// It is as asked for already.
    #[error("{0}")]
    Already(&'static str),
    /// Over the limit.
    #[error("there are as many kinds as a tablet takes")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A form as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Kind's id.
    pub kind: String,
    /// As in the form.
    pub version: String,
    /// Of the bytes.
    pub sha256: Sha256Digest,
    /// The same bytes were here already: nothing was changed.
    pub was_here: bool,
}

/// Takes a form in.
pub fn import(
    tx: &Transaction<'_>,
    bytes: &[u8],
    by: &str,
    now: Millis,
) -> Result<Taken, FormsError> {
    let form = check::read(bytes)?.form;
    let sha256 = Sha256Digest::of(bytes);
    let all = forms::all(tx)?;
    let taken = |was_here| Taken {
        kind: form.kind.clone(),
        version: form.version.clone(),
        sha256,
        was_here,
    };
    if all.iter().any(|row| row.sha256 == sha256.0) {
        return Ok(taken(true));
    }
    if let Some(here) = newest(&all).find(|row| row.kind == form.kind) {
        if !is_newer(&form.version, &here.version) {
            return Err(FormsError::NotNewer {
                kind: form.kind,
                here: here.version.clone(),
            });
        }
    } else if newest(&all).count() >= MAX_KINDS {
        return Err(FormsError::TooMany);
    }
    forms::add(tx, &form.kind, &form.version, &sha256.0, bytes, now)?;
    let subject = format!("{} {}", form.kind, form.version);
    custody::audit(tx, now, by, "imported-form", &subject)?;
    Ok(taken(false))
}

/// The newest version of each kind, in the order in which the kinds came.
fn newest(all: &[FormRow]) -> impl Iterator<Item = &FormRow> {
    let first = |at: usize| all[..at].iter().all(|row| row.kind != all[at].kind);
    let last = |kind: &str| all.iter().rev().find(|row| row.kind == kind);
    (0..all.len())
        .filter(move |at| first(*at))
        .filter_map(move |at| last(&all[at].kind))
}

/// What tablets are told.
pub fn list(c: &Connection) -> Result<Vec<FormRef>, StoreError> {
    let (all, retired) = (forms::all(c)?, forms::retired(c)?);
    let mut refs: Vec<FormRef> = newest(&all)
        .map(|row| FormRef {
            kind: row.kind.clone(),
            version: row.version.clone(),
            sha256: Sha256Digest(row.sha256).to_string(),
            retired: retired.contains(&row.kind),
        })
        .collect();
    for kind in retired {
        if !refs.iter().any(|known| known.kind == kind) {
            refs.push(FormRef {
                kind,
                version: String::new(),
                sha256: String::new(),
                retired: true,
            });
        }
    }
    Ok(refs)
}

fn is_known(c: &Connection, kind: &str) -> Result<bool, StoreError> {
    Ok(is_id(kind)
        && (BUILT_IN.contains(&kind) || forms::all(c)?.iter().any(|row| row.kind == kind)))
}

/// No new packets of this kind are to be begun. Those that were stay as they are.
pub fn retire(tx: &Transaction<'_>, kind: &str, by: &str, now: Millis) -> Result<(), FormsError> {
    if !is_known(tx, kind)? {
        return Err(FormsError::Unknown);
    }
    if !forms::retire(tx, kind, now)? {
        return Err(FormsError::Already("this kind is retired already"));
    }
    Ok(custody::audit(tx, now, by, "retired-kind", kind)?)
}

/// Takes that back.
pub fn bring_back(
    tx: &Transaction<'_>,
    kind: &str,
    by: &str,
    now: Millis,
) -> Result<(), FormsError> {
    if !is_known(tx, kind)? {
        return Err(FormsError::Unknown);
    }
    if !forms::bring_back(tx, kind)? {
        return Err(FormsError::Already("this kind is not retired"));
    }
    Ok(custody::audit(tx, now, by, "brought-kind-back", kind)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    const WASTE: &str = include_str!("../../packet/forms/more/waste-sorting.json");

    fn db() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        (folder, db)
    }

    #[test]
    fn a_version_follows_a_lower_one() {
        let (_folder, db) = db();
        let import = |text: &str| {
            let bytes = text.as_bytes().to_vec();
            db.write_blocking(|tx| import(tx, &bytes, "admin", 1))
        };
        assert!(!import(WASTE).unwrap().was_here);
        assert!(import(WASTE).unwrap().was_here);
        let other = WASTE.replace("Waste sorting", "Sorting");
        assert!(matches!(import(&other), Err(FormsError::NotNewer { .. })));
        assert!(import(&other.replace("1.0.0", "1.0.1")).is_ok());
        assert!(matches!(import("{}"), Err(FormsError::Form(_))));
        let listed = db.read_blocking(list).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].version, "1.0.1");
    }

    #[test]
    fn a_kind_is_retired_and_comes_back() {
        let (_folder, db) = db();
        let retire = |kind: &'static str| db.write_blocking(|tx| retire(tx, kind, "admin", 1));
        assert!(matches!(retire("waste-sorting"), Err(FormsError::Unknown)));
        retire("billboard").unwrap();
        assert!(matches!(retire("billboard"), Err(FormsError::Already(_))));
        let listed = db.read_blocking(list).unwrap();
        assert_eq!(
            (listed[0].kind.as_str(), listed[0].retired),
            ("billboard", true)
        );
        db.write_blocking(|tx| bring_back(tx, "billboard", "admin", 2))
            .unwrap();
        assert!(db.read_blocking(list).unwrap().is_empty());
    }
}
