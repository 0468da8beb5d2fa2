//! The witnesses in the server's settings file.

use std::time::Duration;

use anyhow::Context as _;
use fieldseal_server::witnesses::{Peer, Witnessing};
use fieldseal_tlog::note::Vkey;
use serde::Deserialize;

/// Witnesses, and how many of their cosignatures are asked for.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessingSettings {
    /// Seconds for which a witness is left alone after it has answered; 10 when left out.
    every_seconds: Option<u64>,
    /// How many cosignatures the trust file asks for; all of them when left out.
    quorum: Option<u32>,
    witnesses: Vec<WitnessSettings>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessSettings {
    /// Its name in the trust file: a word.
    name: String,
    /// What `/add-checkpoint` follows.
    url: String,
    /// Its key, as `fieldseal witness init` prints it.
    vkey: String,
}

impl WitnessingSettings {
    /// As the server takes it.
    pub fn read(&self) -> anyhow::Result<Witnessing> {
        let mut witnessing = Witnessing {
            quorum: self.quorum,
            ..Witnessing::default()
        };
        if let Some(seconds) = self.every_seconds {
            witnessing.every = Duration::from_secs(seconds.clamp(1, 3600));
        }
        for witness in &self.witnesses {
            witnessing.witnesses.push(Peer {
                name: witness.name.clone(),
                url: witness.url.clone(),
                vkey: Vkey::parse(&witness.vkey).with_context(|| {
                    format!("the key of witness {} does not read", witness.name)
                })?,
            });
        }
        Ok(witnessing)
    }
}
