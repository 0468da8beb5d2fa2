//! The tablet: the engine, asked what a screen would ask. What is acknowledged is told the moment it is.

use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail, ensure};
use fieldseal_device::api::{CaptureArgs, PartyInput, ProblemView, Request};
use fieldseal_device::platform::{Machine, Platform};
use fieldseal_device::{Engine, OpenEngineError};
use fieldseal_vault::{Moment, OpenError, Vault, VaultConfig};
use serde_json::{Value, json};

use crate::locks::patiently;
use crate::rng::Rng;
use crate::site::{Officer, Site};
use crate::unmeasured::Unmeasured;

const KIND: &str = "illegal-structure";
/// Code of [`Tablet::sync_all`] when its patience was over.
pub const NOT_SAFE: &str = "not-safe-in-time";
/// Code of [`Tablet::await_previews`] when its patience was over.
pub const NO_PREVIEWS: &str = "no-previews-in-time";
/// Between two looks at what goes on in the background.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// An open tablet.
pub struct Tablet {
    engine: Engine,
    officers: Vec<Officer>,
    /// How long opening took.
    pub took: Duration,
}

/// A problem that the engine told, with its code, as an error of this program.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Told {
    /// The problem's stable code.
    pub code: String,
    /// Its sentence.
    pub message: String,
}

fn told(problem: ProblemView) -> anyhow::Error {
    anyhow!(Told {
        code: problem.code,
        message: problem.message,
    })
}

/// The code that the engine gave, if the error is the engine's.
pub fn code_of(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Told>().map(|told| told.code.as_str())
}

/// A small photo that no other seed gives.
pub fn photo(seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let picture = image::RgbImage::from_fn(24, 16, |_, _| {
        let [r, g, b, ..] = rng.draw().to_le_bytes();
        image::Rgb([r, g, b])
    });
    let mut bytes = Cursor::new(Vec::new());
    // Into memory: this can't fail but by a fault of the encoder, and then the photo is an odd one, which is evidence too.
    let _ = image::DynamicImage::ImageRgb8(picture).write_to(&mut bytes, image::ImageFormat::Jpeg);
    let mut bytes = bytes.into_inner();
    bytes.extend_from_slice(&seed.to_le_bytes());
    bytes
}

impl Tablet {
    /// Opens it as the app does.
    pub fn open(site: &Site) -> anyhow::Result<Self> {
        let began = Instant::now();
        let machine = Machine::new().context("the machine's clocks")?;
        let platform: Arc<dyn Platform> = match site.no_reserve {
            true => Arc::new(Unmeasured(machine)),
            false => Arc::new(machine),
        };
        let engine = patiently(
            || Engine::open(site.engine_config(), platform.clone()),
            |error| matches!(error, OpenEngineError::InUse),
        )
        .map_err(|error| told(ProblemView::from(error)))?;
        Ok(Self {
            engine,
            officers: site.officers.clone(),
            took: began.elapsed(),
        })
    }

    /// Opens it and unlocks it: captures that wait are taken in, sealed packets handed over.
    pub fn unlocked(site: &Site) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut tablet = Self::open(site)?;
        tablet.unlock()?;
        tablet.took = began.elapsed();
        Ok(tablet)
    }

    /// One request.
    pub fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.engine.call(request).map_err(told)
    }

    /// The engine itself.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn enrol_device(&self, text: &str) -> anyhow::Result<()> {
        let text = text.to_owned();
        self.ask(Request::EnrolDevice { text })?;
        Ok(())
    }

    pub fn enrol_officer(&self, code: &str, pin: &str) -> anyhow::Result<()> {
        self.ask(Request::EnrolOfficer {
            code: code.to_owned(),
            pin: pin.to_owned(),
        })?;
        Ok(())
    }

    pub fn on_duty(&self, officers: &[Officer]) -> anyhow::Result<()> {
        let [lead, second] = officers else {
            bail!("a site has two officers")
        };
        self.ask(Request::OnDuty {
            lead: lead.id.clone(),
            second: Some(second.id.clone()),
        })?;
        Ok(())
    }

    pub fn unlock(&self) -> anyhow::Result<()> {
        let lead = self.officers.first().context("a site has officers")?;
        self.ask(Request::Unlock {
            officer: lead.id.clone(),
            pin: lead.pin.clone(),
        })?;
        Ok(())
    }

    /// Holds uploads, or lets them go on.
    pub fn hold_uploads(&self, hold: bool) -> anyhow::Result<()> {
        self.ask(Request::UploadHold { hold })?;
        Ok(())
    }

    /// A new draft's id.
    pub fn open_draft(&self) -> anyhow::Result<String> {
        let opened = self.ask(Request::DraftOpen {
            kind: KIND.to_owned(),
            supplements: None,
        })?;
        text(&opened, "id")
    }

    /// One photo into a draft (a new one when none): its number and digest. Durable when this answers.
    pub fn capture(&self, draft: Option<&str>, bytes: &[u8]) -> anyhow::Result<(u64, String)> {
        let args = CaptureArgs {
            draft: draft.map(str::to_owned),
            kind: Some(KIND.to_owned()),
            source: "camera".to_owned(),
            ..CaptureArgs::default()
        };
        let captured = self
            .engine
            .capture(args, Cursor::new(bytes))
            .map_err(told)?;
        Ok((u64::from(captured.capture_seq), captured.sha256))
    }

    /// Waits until every photo of a draft has its preview, or the reason why not.
    pub fn await_previews(&self, draft: &str, patience: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + patience;
        loop {
            let view = self.ask(Request::Draft {
                id: draft.to_owned(),
            })?;
            let pending = |photo: &Value| photo["previewProblem"] == "pending";
            if !list(&view, "photos").iter().any(pending) {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                Told {
                    code: NO_PREVIEWS.to_owned(),
                    message: format!("no previews after {} s", patience.as_secs()),
                }
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The same for every draft.
    pub fn await_all_previews(&self, patience: Duration) -> anyhow::Result<()> {
        for draft in self.ask(Request::Drafts)?.as_array().into_iter().flatten() {
            self.await_previews(&text(draft, "id")?, patience)?;
        }
        Ok(())
    }

    /// Describes, signs and seals every draft that has a photo: what the officers would do next, wherever it stopped.
    pub fn seal_all(&self, sealed: &mut dyn FnMut(&str, &str)) -> anyhow::Result<()> {
        let mut drafts = self.ask(Request::Drafts)?;
        let drafts = drafts.as_array_mut().context("a list of drafts")?;
        // Only one may wait for signatures: that one first.
        drafts.sort_by_key(|draft| draft["stage"] == "open");
        for draft in drafts {
            if draft["photos"].as_u64().unwrap_or(0) > 0 {
                let id = text(draft, "id")?;
                let digest = self.seal(&id)?;
                sealed(&id, &digest);
            }
        }
        Ok(())
    }

    fn seal(&self, id: &str) -> anyhow::Result<String> {
        let draft = self.ask(Request::Draft { id: id.to_owned() })?;
        if draft["stage"] == "open" {
            let facts = json!({"storeys": 1, "address": "演示路 1 号（虚构）"});
            let Value::Object(facts) = facts else {
                bail!("facts are an object")
            };
            let id = id.to_owned();
            self.ask(Request::Describe {
                id: id.clone(),
                facts,
            })?;
            let party = PartyInput {
                presence: "absent".to_owned(),
                name: None,
                note: None,
            };
            self.ask(Request::Party { id, party })?;
        }
        for officer in &self.officers {
            let signed = self.ask(Request::Sign {
                id: id.to_owned(),
                officer: officer.id.clone(),
                pin: officer.pin.clone(),
            });
            match signed {
                Ok(_) => {}
                // Signed before the stop.
                Err(error) if code_of(&error) == Some("already-signed") => {}
                Err(error) => return Err(error.context("an officer could not sign")),
            }
        }
        let packet = self.ask(Request::Seal { id: id.to_owned() })?;
        text(&packet, "packetDigest")
    }

    /// Uploads until every packet is safe; each is told once, with its leaf.
    pub fn sync_all(
        &self,
        patience: Duration,
        safe: &mut dyn FnMut(&str, u64),
    ) -> anyhow::Result<()> {
        self.sync_while(patience, &mut || true, safe)
    }

    /// The same, until `go_on` says no; what is safe by then is told.
    pub fn sync_while(
        &self,
        patience: Duration,
        go_on: &mut dyn FnMut() -> bool,
        safe: &mut dyn FnMut(&str, u64),
    ) -> anyhow::Result<()> {
        self.ask(Request::UploadNow { id: None })?;
        let until = Instant::now() + patience;
        loop {
            let uploads = self.ask(Request::Uploads)?;
            let waiting = list(&uploads, "unsafePackets");
            if waiting.is_empty() {
                break;
            }
            if !go_on() {
                return Ok(());
            }
            if Instant::now() > until {
                let upload = waiting.first().cloned().unwrap_or_default();
                bail!(Told {
                    code: NOT_SAFE.to_owned(),
                    message: format!(
                        "{} packets are not safe after {} s: state {}, cause {}",
                        waiting.len(),
                        patience.as_secs(),
                        upload["packet"]["state"],
                        upload["cause"]
                    ),
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
        for id in self.packet_ids()? {
            let packet = self.ask(Request::Packet { id: id.clone() })?;
            let leaf = packet["leafIndex"]
                .as_u64()
                .context("a safe packet has no leaf")?;
            safe(&id, leaf);
        }
        Ok(())
    }

    /// Every sealed packet.
    pub fn packet_ids(&self) -> anyhow::Result<Vec<String>> {
        let mut ids = Vec::new();
        for page in 0.. {
            let answer = self.ask(Request::Packets { page, filter: None })?;
            let packets = list(&answer, "packets");
            for packet in &packets {
                ids.push(text(packet, "id")?);
            }
            let total = answer["total"].as_u64().unwrap_or(0) as usize;
            if packets.is_empty() || ids.len() >= total {
                ensure!(ids.len() == total, "the list of packets is not whole");
                break;
            }
        }
        Ok(ids)
    }

    /// Gives back the originals of every safe packet, by a rule that keeps none, and tells which are gone.
    pub fn give_back(&self, freed: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        self.ask(Request::Retention { keep_days: Some(0) })?;
        self.ask(Request::Reclaim)?;
        for id in self.packet_ids()? {
            let packet = self.ask(Request::Packet { id: id.clone() })?;
            if packet["summary"]["reclaimedAt"].is_string() {
                freed(&id);
            }
        }
        Ok(())
    }
}

/// The vault itself, opened with the lead's PIN; no engine may have it open.
pub fn unlocked_vault(site: &Site) -> anyhow::Result<Vault> {
    let machine = Arc::new(Machine::new().context("the machine's clocks")?);
    let random = machine.clone();
    let config = VaultConfig::new(Arc::new(move |bytes: &mut [u8]| random.random(bytes)));
    let (vault, _) = patiently(
        || Vault::open(&site.tablet(), config.clone()),
        |error| matches!(error, OpenError::InUse),
    )
    .context("opening the vault")?;
    let boot = machine.boot();
    let now = Moment {
        at: machine.now(),
        boot_id: boot.id,
        boot_ms: boot.ms,
    };
    let lead = site.officers.first().context("a site has officers")?;
    vault
        .unlock(&lead.id, &lead.pin, &now)
        .context("unlocking the vault")?;
    Ok(vault)
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    answer[field]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the engine's answer has no {field}"))
}

fn list(answer: &Value, field: &str) -> Vec<Value> {
    answer[field].as_array().cloned().unwrap_or_default()
}
