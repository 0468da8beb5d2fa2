//! From a draft to the server: sign and seal, upload until all is safe, give back what is, and write a packet's zip.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fieldseal_device::api::Request;
use serde_json::Value;

use super::pin::pin;
use super::{Desk, said, text};

/// Without progress for so long, `sync` gives up and says why.
const SYNC_LOOKS: u32 = 300;
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A rule as typed.
#[derive(Debug, Clone, Copy)]
pub struct Keep(Option<u32>);

impl std::str::FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "while-room" => Ok(Self(None)),
            days => {
                Ok(Self(Some(days.parse().map_err(|_| {
                    "a number of days, or while-room".to_owned()
                })?)))
            }
        }
    }
}

fn given_back(freed: &Value) -> String {
    format!(
        "Removed from this tablet, safe on the server: {} packet(s), {} original(s), {} byte(s).",
        freed["packets"], freed["photos"], freed["bytes"]
    )
}

impl Desk {
    pub fn seal(&self, id: &str, second: Option<&str>) -> anyhow::Result<()> {
        let (officer, own_pin) = self.unlock()?;
        self.ask(Request::OnDuty {
            lead: officer.clone(),
            second: second.map(str::to_owned),
        })?;
        self.ask(Request::Sign {
            id: id.to_owned(),
            officer,
            pin: own_pin,
        })?;
        if let Some(second) = second {
            let pin = pin("FIELDSEAL_PIN_2", second)?;
            self.ask(Request::Sign {
                id: id.to_owned(),
                officer: second.to_owned(),
                pin,
            })?;
        }
        let packet = self.ask(Request::Seal { id: id.to_owned() })?;
        self.show(
            &packet,
            &[format!(
                "Sealed {id}, packet digest {}.",
                text(&packet, "packetDigest")
            )],
        )
    }

    pub fn sync(&self) -> anyhow::Result<()> {
        self.unlock()?;
        self.ask(Request::UploadNow { id: None })?;
        let mut last = Value::Null;
        let mut looks = 0;
        loop {
            let uploads = self.ask(Request::Uploads)?;
            let list = uploads["unsafePackets"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if list.is_empty() {
                let mut lines = vec![format!(
                    "Everything is safe: {} packet(s).",
                    uploads["safeTotal"]
                )];
                let freed = self.ask(Request::Reclaim)?;
                if freed["packets"] != 0 {
                    lines.push(given_back(&freed));
                }
                return self.show(&uploads, &lines);
            }
            let total = uploads["unsafeTotal"].as_u64().unwrap_or(0);
            let stuck = list.len() as u64 == total
                && list.iter().all(|upload| {
                    upload["packet"]["state"] == "wedged" || upload["paused"] == true
                });
            looks = if uploads["unsafePackets"] == last {
                looks + 1
            } else {
                0
            };
            last = uploads["unsafePackets"].clone();
            if stuck || looks > SYNC_LOOKS {
                let causes: Vec<String> = list
                    .iter()
                    .map(|upload| {
                        format!(
                            "{}: {}",
                            text(&upload["packet"], "id"),
                            text(upload, "cause")
                        )
                    })
                    .collect();
                self.show(&uploads, &causes)?;
                bail!("{total} packet(s) are not yet safe on the server");
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    pub fn reclaim(&self) -> anyhow::Result<()> {
        self.unlock()?;
        let freed = self.ask(Request::Reclaim)?;
        self.show(&freed, &[given_back(&freed)])
    }

    pub fn retention(&self, keep: Option<Keep>) -> anyhow::Result<()> {
        self.unlock()?;
        let rule = match keep {
            Some(Keep(keep_days)) => self.ask(Request::Retention { keep_days })?,
            None => self.ask(Request::Uploads)?["retention"].clone(),
        };
        let stays = match rule["keepDays"].as_u64() {
            Some(0) => "Originals are removed as soon as they are safe".to_owned(),
            Some(days) => format!(
                "Originals stay for {days} day(s) after they are safe, less when room runs short"
            ),
            None => "Originals that are safe stay until room runs short".to_owned(),
        };
        let by = match text(&rule, "by") {
            "server" => "the server's rule",
            "tablet" => "this tablet's setting",
            _ => "the default",
        };
        self.show(&rule, &[format!("{stays} ({by}).")])
    }

    pub fn export(&self, id: &str, to: &Path) -> anyhow::Result<()> {
        self.unlock()?;
        // The id is checked before it becomes a file's name.
        self.ask(Request::Packet { id: id.to_owned() })?;
        let path = to.join(format!("packet-{id}.zip"));
        let file = std::fs::File::create_new(&path)
            .with_context(|| format!("{} can't be made", path.display()))?;
        let mut out = io::BufWriter::new(file);
        let size = self.engine.export_zip(id, &mut out).map_err(said)?;
        out.into_inner()
            .context("the zip could not be written")?
            .sync_all()?;
        let document = serde_json::json!({"path": path, "size": size});
        self.show(&document, &[format!("{} ({size} bytes)", path.display())])
    }
}
