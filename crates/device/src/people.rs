//! Officers' names and enrolments, kept twice: in the officers' database, and in the outbox, which is another file under
//! another key. So a damaged database costs neither the names that a record needs nor the entries that prove a key.

use fieldseal_vault::officers::{self, OfficerRecord};
use fieldseal_vault::{Vault, outbox};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::problem::{Code, Problem};

/// As it lies in the outbox.
#[derive(Serialize, Deserialize)]
struct Copy {
    id: String,
    badge: String,
    name: String,
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    vkey: Option<String>,
    #[serde(default)]
    entry: Option<String>,
}

fn fact(id: &str) -> String {
    format!("officer/{id}")
}

impl Core {
    /// Keeps an officer's record in both places. A crash between the two leaves it in the first.
    pub fn keep_officer(&self, vault: &Vault, record: &OfficerRecord) -> Result<(), Problem> {
        vault.write(|tx| Ok::<_, Problem>(officers::put(tx, record)?))?;
        let entry = record
            .entry
            .as_deref()
            .and_then(|entry| std::str::from_utf8(entry).ok());
        let copy = Copy {
            id: record.id.clone(),
            badge: record.badge.clone(),
            name: record.name.clone(),
            team: record.team.clone(),
            vkey: record.vkey.clone(),
            entry: entry.map(str::to_owned),
        };
        let bytes =
            serde_json::to_vec(&copy).map_err(|error| Problem::because(Code::Internal, error))?;
        vault.outbox_write(|tx| Ok(outbox::put_fact(tx, &fact(&record.id), &bytes)?))
    }

    /// Puts back what a rebuilt database lacks. Without a copy the badge is still in the slot, and the record says no name
    /// rather than a wrong one.
    pub fn restore_officers(&self, vault: &Vault) -> Result<(), Problem> {
        let known = vault.read(|c| Ok::<_, Problem>(officers::list(c)?))?;
        for slot in vault.officers() {
            if known.iter().any(|record| record.id == slot.id) {
                continue;
            }
            let stored =
                vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, &fact(&slot.id))?))?;
            let copy: Option<Copy> = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let record = match copy {
                Some(copy) => OfficerRecord {
                    id: slot.id,
                    badge: copy.badge,
                    name: copy.name,
                    team: copy.team,
                    vkey: copy.vkey,
                    entry: copy.entry.map(String::into_bytes),
                },
                None => OfficerRecord {
                    id: slot.id,
                    badge: slot.badge,
                    name: String::new(),
                    team: None,
                    vkey: None,
                    entry: None,
                },
            };
            vault.write(|tx| Ok::<_, Problem>(officers::put(tx, &record)?))?;
        }
        Ok(())
    }
}
