//! The demonstration's tablet: the engine, asked what a screen would ask.

use std::fs::File;
use std::io::{Cursor, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use fieldseal_device::api::{CaptureArgs, CaptureView, FixInput, PartyInput, ProblemView, Request};
use fieldseal_device::platform::{Machine, Platform};
use fieldseal_device::{Engine, EngineConfig};
use serde_json::{Value, json};

use super::report::Say;
use super::{Photo, PhotoBytes};

/// Between two looks at the uploads.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Without any progress for so many looks, something is wrong.
const PATIENCE: u32 = 1200;
/// So many looks for a timestamp.
pub(crate) const TIMESTAMP_PATIENCE: u32 = 300;

/// A heartbeat in so many looks.
const LOOKS_A_BEAT: u32 = 5;

/// An officer of the demonstration.
pub(crate) struct Officer {
    pub id: String,
    pub pin: &'static str,
}

pub(crate) struct Tablet {
    engine: Engine,
    platform: Arc<Machine>,
}

/// The time as a folder's name has it.
pub(crate) fn stamp() -> anyhow::Result<String> {
    let now = Machine::new()
        .context("the machine's clock")?
        .now()
        .to_string();
    Ok(now.chars().filter(char::is_ascii_digit).take(17).collect())
}

fn said(problem: ProblemView) -> anyhow::Error {
    anyhow!("{} ({})", problem.message, problem.code)
}

impl Tablet {
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let platform = Arc::new(Machine::new().context("the machine's clocks")?);
        let mut config = EngineConfig::new(dir);
        // Heartbeats come when the demonstration says so, and at no other time: what it shows of times is then the same in each run.
        config.heartbeat_ms = Some(u64::from(u32::MAX));
        let engine = Engine::open(config, platform.clone()).context("the tablet's vault")?;
        Ok(Self { engine, platform })
    }

    fn ask(&self, request: Request) -> anyhow::Result<Value> {
        self.engine.call(request).map_err(said)
    }

    /// One field of an answer, as text.
    fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
        answer[field]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("the engine's answer has no {field}"))
    }

    pub fn enrol_device(&self, text: &str) -> anyhow::Result<()> {
        self.ask(Request::EnrolDevice {
            text: text.to_owned(),
        })
        .context("the tablet could not be enrolled")?;
        Ok(())
    }

    pub fn enrol_officer(&self, code: &str, pin: &str) -> anyhow::Result<()> {
        let request = Request::EnrolOfficer {
            code: code.to_owned(),
            pin: pin.to_owned(),
        };
        self.ask(request)
            .context("an officer could not be enrolled")?;
        Ok(())
    }

    pub fn on_duty(&self, [lead, second]: &[Officer; 2]) -> anyhow::Result<()> {
        self.ask(Request::OnDuty {
            lead: lead.id.clone(),
            second: Some(second.id.clone()),
        })?;
        Ok(())
    }

    /// One packet from shutter to seal; gives its id. `told` is called between the two officers' signatures, with the number of the newest
    /// capture.
    pub fn packet(
        &self,
        say: &Say,
        photos: Vec<Photo>,
        [lead, second]: &[Officer; 2],
        told: impl FnOnce(u32) -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        self.position()?;
        self.word(say)?;
        let mut newest = 0;
        let opened = self.ask(Request::DraftOpen {
            kind: "illegal-structure".to_owned(),
            supplements: None,
        })?;
        let draft = Self::text(&opened, "id")?;
        for photo in photos {
            let captured = self.capture(&draft, &photo)?;
            newest = captured.capture_seq;
            say.line(
                format!(
                    "  已存 {}  {} 字节  sha256 {}",
                    photo.name, captured.size_bytes, captured.sha256
                ),
                format!(
                    "  stored {}  {} bytes  sha256 {}",
                    photo.name, captured.size_bytes, captured.sha256
                ),
            )?;
        }
        let facts = json!({
            "stage": "suspected", "stock": "new", "structure-form": "colour-steel-sheet", "storeys": 1,
            "area-m2": 18.5, "area-basis": "measured", "use": "storage", "attribute-check": "not-registered",
            "address": "演示路 1 号（虚构）", "item_code": "WJ-0101", "note": "fieldseal demo：人员、地点、事实均为虚构。",
        });
        let Value::Object(facts) = facts else {
            bail!("facts are an object")
        };
        self.ask(Request::Describe {
            id: draft.clone(),
            facts,
        })?;
        let party = PartyInput {
            presence: "absent".to_owned(),
            name: None,
            note: None,
        };
        self.ask(Request::Party {
            id: draft.clone(),
            party,
        })?;
        self.sign(&draft, lead)?;
        told(newest)?;
        self.sign(&draft, second)?;
        let sealed = self
            .ask(Request::Seal { id: draft.clone() })
            .context("the packet could not be sealed")?;
        say.line(
            format!(
                "  已封存 {draft}，包摘要 {}",
                Self::text(&sealed, "packetDigest")?
            ),
            format!(
                "  sealed {draft}, packet digest {}",
                Self::text(&sealed, "packetDigest")?
            ),
        )?;
        Ok(draft)
    }

    fn sign(&self, draft: &str, officer: &Officer) -> anyhow::Result<()> {
        let request = Request::Sign {
            id: draft.to_owned(),
            officer: officer.id.clone(),
            pin: officer.pin.to_owned(),
        };
        self.ask(request).context("an officer could not sign")?;
        Ok(())
    }

    /// What the camera screen shows before the shutter: the challenge word. A capture claims no word that nobody was shown.
    fn word(&self, say: &Say) -> anyhow::Result<()> {
        let state = self.ask(Request::State)?;
        if let Some(word) = state["challenge"].as_str() {
            say.line(
                format!("现场码 {word}：写在纸上拍进照片，谁都看得出照片是在那个时间戳之后拍的。"),
                format!("Challenge word {word}: on paper in the picture, it shows everybody that the photo was taken after that timestamp."),
            )?;
        }
        Ok(())
    }

    /// The tablet tells the server how far it has got, and takes over what the server says.
    pub fn tell(&self) -> anyhow::Result<()> {
        self.engine
            .heartbeat_now()
            .map_err(said)
            .context("a heartbeat did not get through")?;
        Ok(())
    }

    /// An invented place, marked as simulated: it stays visible in the evidence that nobody stood there.
    fn position(&self) -> anyhow::Result<()> {
        let fix = FixInput {
            latitude: 31.230_416,
            longitude: 121.473_701,
            accuracy_m: 12.0,
            altitude_m: None,
            heading_deg: None,
            at_ms: self.platform.now().as_millis() as f64,
            age_ms: None,
            mock: Some(true),
            provider: Some("demo".to_owned()),
        };
        self.ask(Request::Position { fix })?;
        Ok(())
    }

    fn capture(&self, draft: &str, photo: &Photo) -> anyhow::Result<CaptureView> {
        let (source, mut bytes): (_, Box<dyn Read>) = match &photo.bytes {
            PhotoBytes::Made(bytes) => ("file-input", Box::new(Cursor::new(bytes))),
            PhotoBytes::At(path) => (
                "import",
                Box::new(
                    File::open(path)
                        .with_context(|| format!("{} can't be read", path.display()))?,
                ),
            ),
        };
        let args = CaptureArgs {
            draft: Some(draft.to_owned()),
            shot: photo.shot.map(str::to_owned),
            source: source.to_owned(),
            original_name: Some(photo.name.clone()),
            ..CaptureArgs::default()
        };
        self.engine
            .capture(args, &mut bytes)
            .map_err(said)
            .with_context(|| format!("{} was not stored", photo.name))
    }

    /// Until the tablet has seen a checkpoint that a timestamp authority has stamped: what is sealed from now on is proved to
    /// have been sealed later.
    pub fn wait_for_timestamp(&self, say: &Say) -> anyhow::Result<()> {
        for _ in 0..TIMESTAMP_PATIENCE / LOOKS_A_BEAT {
            self.tell()?;
            let checks = self.ask(Request::SelfCheck)?;
            let seen = checks
                .as_array()
                .into_iter()
                .flatten()
                .find(|check| check["code"] == "checkpoint");
            if let Some(at) = seen.and_then(|check| check["params"]["stamped_at"].as_str()) {
                return Ok(say.line(
                    format!("平板已取得时间戳（{at}），此后的封存必在其后。"),
                    format!(
                        "The tablet has a timestamp ({at}): what it seals now is sealed after that."
                    ),
                )?);
            }
            std::thread::sleep(LOOK_EVERY * LOOKS_A_BEAT);
        }
        bail!("the tablet saw no timestamp within half a minute")
    }

    /// Until the tablet itself has verified every receipt and inclusion proof.
    pub fn wait_until_safe(&self, say: &Say, packets: &[String]) -> anyhow::Result<()> {
        let mut last = (0, 0);
        let mut looks = 0;
        loop {
            let uploads = self.ask(Request::Uploads)?;
            let list = uploads["unsafePackets"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if list.is_empty() && uploads["safeTotal"].as_u64().unwrap_or(0) >= packets.len() as u64
            {
                break;
            }
            if let Some(wedged) = list
                .iter()
                .find(|upload| upload["packet"]["state"] == "wedged")
            {
                bail!(
                    "a packet is wedged: {}",
                    wedged["cause"].as_str().unwrap_or("no cause given")
                );
            }
            let sent: u64 = list
                .iter()
                .filter_map(|upload| upload["sentBytes"].as_f64())
                .map(|bytes| bytes as u64)
                .sum();
            looks = if (list.len(), sent) == last {
                looks + 1
            } else {
                0
            };
            last = (list.len(), sent);
            if looks > PATIENCE {
                let cause = list
                    .first()
                    .and_then(|upload| upload["cause"].as_str())
                    .unwrap_or("none given");
                bail!("the upload made no progress for two minutes; cause: {cause}");
            }
            std::thread::sleep(LOOK_EVERY);
        }
        for id in packets {
            let packet = self.ask(Request::Packet { id: id.clone() })?;
            let leaf = packet["leafIndex"]
                .as_u64()
                .context("a safe packet has no leaf")?;
            say.line(
                format!("  已安全 {id}：日志第 {leaf} 条，平板已自行核对回执签名和收录证明"),
                format!("  safe {id}: leaf {leaf} of the log; the tablet has checked receipt and inclusion proof itself"),
            )?;
        }
        Ok(())
    }

    pub fn export(&self, id: &str, dir: &Path) -> anyhow::Result<PathBuf> {
        let path = dir.join(format!("packet-{id}.zip"));
        let file = File::create_new(&path)
            .with_context(|| format!("{} could not be made", path.display()))?;
        let mut out = std::io::BufWriter::new(file);
        self.engine.export_zip(id, &mut out).map_err(said)?;
        out.flush()?;
        Ok(path)
    }

    pub fn trust(&self) -> anyhow::Result<String> {
        self.engine.trust().map_err(said)
    }
}
