//! What this tablet's officers have signed for other tablets: kept before the answer is shown, in the encrypted vault, so that a signature that leaves the
//! tablet is always one that it knows of.
//!
//! Pages of a bounded size among the settings: adding one never rewrites more than a page, and none is ever taken out.

use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_vault::settings;
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Problem};

/// Number of the page that is being filled, from 1.
const LAST: &str = "cosigned";
/// Entries of a page.
const PAGE: usize = 200;

/// One signature that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub packet: PacketId,
    /// Of the seal's text, which is what was signed.
    pub text_sha256: Sha256Digest,
    /// Officer id.
    pub officer: String,
    pub title: Option<String>,
    pub items: u64,
    /// The other tablet's capture numbers.
    pub captures: String,
    /// By the other tablet's clock.
    pub closed_at: Timestamp,
    pub compare: String,
    /// By this tablet's clock.
    pub signed_at: Timestamp,
}

fn page_key(number: u64) -> String {
    format!("{LAST}/{number}")
}

fn last(c: &Connection) -> Result<u64, Problem> {
    Ok(settings::get(c, LAST)?
        .and_then(|value| value.as_u64())
        .unwrap_or(1))
}

fn page(c: &Connection, number: u64) -> Result<Vec<Kept>, Problem> {
    match settings::get(c, &page_key(number))? {
        None => Ok(Vec::new()),
        Some(value) => {
            serde_json::from_value(value).map_err(|error| Problem::because(Code::Unreadable, error))
        }
    }
}

/// Keeps one; the same signature given again is kept once.
pub(crate) fn keep(tx: &Transaction<'_>, kept: &Kept) -> Result<(), Problem> {
    let mut number = last(tx)?;
    let mut entries = page(tx, number)?;
    let same = |one: &Kept| one.text_sha256 == kept.text_sha256 && one.officer == kept.officer;
    if entries.iter().any(same) {
        return Ok(());
    }
    if entries.len() >= PAGE {
        number += 1;
        entries = Vec::new();
        settings::set(tx, LAST, &number.into())?;
    }
    entries.push(kept.clone());
    let value =
        serde_json::to_value(&entries).map_err(|error| Problem::because(Code::Internal, error))?;
    Ok(settings::set(tx, &page_key(number), &value)?)
}

/// The newest, newest first; at least `most` where there are so many.
pub(crate) fn newest(c: &Connection, most: usize) -> Result<Vec<Kept>, Problem> {
    let mut found = Vec::new();
    for number in (1..=last(c)?).rev() {
        let mut entries = page(c, number)?;
        entries.reverse();
        found.extend(entries);
        if found.len() >= most {
            break;
        }
    }
    Ok(found)
}
