//! Video and voice notes. The screen hands over what the web view's recorder gives, about once a second; each piece is durable
//! before it is acknowledged ([`fieldseal_vault::Recording`]), and nothing but the newest piece is ever in memory.
//!
//! What is promised: every byte that [`Core::record_piece`] has acknowledged comes back, whatever happens to the app. A recording
//! that nobody finishes (the page went away, the engine is closed) is finished here, as cut off; one that the program's end
//! interrupts is made into an item at the next unlock, as cut off too.
//!
//! A recording is asked to stop, and not simply ended, when its time is over, when it grows too large or when the disk comes
//! down to the reserve: the recorder's last piece belongs to it. The reserve's own margin takes that piece.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fieldseal_packet::context::{CaptureContext, Recorded};
use fieldseal_packet::sniff;
use fieldseal_vault::{CaptureMeta, Recording};

use crate::api::{CaptureArgs, CaptureView, PieceArgs, RecordingArgs, RecordingView};
use crate::core::{Core, lock, nobody_can_open};
use crate::problem::{Code, Problem};
use crate::room::RESERVE_BYTES;

/// At most so many at a time: one with a picture, one of sound.
const MOST_OPEN: usize = 2;
/// Longest recording, seconds.
const MOST_S: u32 = 3600;
/// Largest recording: what every file system and player takes.
const MOST_BYTES: u64 = (4 << 30) - 1;
/// From here on it is asked to stop: room for the pieces that are on their way.
const STOP_BEFORE_BYTES: u64 = 64 << 20;
/// Largest piece: some seconds of the highest quality.
pub const MOST_PIECE_BYTES: usize = 32 << 20;
/// Without a piece for so long, nobody is recording any more.
const SILENT_MS: u64 = 60_000;

/// The recordings under way, by their ids.
pub(crate) type Open = Mutex<BTreeMap<String, Arc<Mutex<Rolling>>>>;

pub(crate) struct Rolling {
    /// None once it is finished, or failed.
    recording: Option<Recording>,
    meta: CaptureMeta,
    begun_ms: u64,
    last_piece_ms: u64,
    limit_ms: u64,
    stop: Option<&'static str>,
}

impl Core {
    /// Begins a recording; works while locked.
    pub fn record_begin(&self, args: &RecordingArgs) -> Result<RecordingView, Problem> {
        let source = match args.source.as_str() {
            source @ ("camera" | "microphone") => source,
            _ => return Err(Code::BadRequest.into()),
        };
        let vault = self.vault()?;
        if nobody_can_open(&vault) {
            return Err(Code::VaultDamaged.into());
        }
        self.room_for_a_photo()?;
        if self.retired_at().is_some() {
            return Err(Code::Retired.into());
        }
        let mut open = lock(&self.recordings);
        if open.len() >= MOST_OPEN {
            return Err(Code::RecordingOpen.into());
        }
        let context = self.context_of(self.claims(), source, None);
        let into = CaptureArgs {
            draft: args.draft.clone(),
            kind: args.kind.clone(),
            ..CaptureArgs::default()
        };
        let (draft, kind) = self.draft_for(&vault, &into);
        let begun_ms = context.boot_ms;
        let meta = CaptureMeta {
            draft,
            kind,
            shot: args.shot.clone().filter(|shot| shot.len() <= 64),
            // Known by the first bytes, which are still to come.
            media_type: String::new(),
            context,
        };
        let recording = vault.record(&meta)?;
        let id = self.new_packet_id()?.to_string();
        let view = RecordingView {
            id: id.clone(),
            draft: draft.to_string(),
            stored_bytes: 0.0,
            stop: None,
        };
        let rolling = Rolling {
            recording: Some(recording),
            meta,
            begun_ms,
            last_piece_ms: begun_ms,
            limit_ms: u64::from(args.limit_s.unwrap_or(MOST_S).clamp(1, MOST_S)) * 1000,
            stop: None,
        };
        open.insert(id, Arc::new(Mutex::new(rolling)));
        Ok(view)
    }

    /// Takes the next piece. When this answers, it and all before it are durable.
    pub fn record_piece(&self, args: &PieceArgs, bytes: &[u8]) -> Result<RecordingView, Problem> {
        if bytes.len() > MOST_PIECE_BYTES {
            return Err(Code::TooLarge.into());
        }
        let found = self.rolling(&args.recording)?;
        let mut rolling = lock(&found);
        let now_ms = self.platform.boot().ms;
        let recording = rolling.recording.as_mut().ok_or(Code::NotFound)?;
        // What is there already was acknowledged, and its answer lost; a gap is nothing that could be stored.
        let known = recording
            .stored()
            .checked_sub(args.offset)
            .ok_or(Code::BadRequest)?;
        let fresh = usize::try_from(known)
            .ok()
            .and_then(|known| bytes.get(known..))
            .unwrap_or_default();
        if recording.stored() + fresh.len() as u64 > MOST_BYTES {
            return Err(Problem::from(Code::TooLarge).with("max_bytes", MOST_BYTES));
        }
        let free = self.platform.free_bytes(&self.config.dir);
        if free.is_some_and(|free| free < RESERVE_BYTES / 2 + fresh.len() as u64) {
            return Err(Code::NoRoom.into());
        }
        if !fresh.is_empty() {
            match recording.append(fresh) {
                Ok(_) => {}
                Err(error) => {
                    // Its files stay: the next unlock takes what was acknowledged.
                    rolling.recording = None;
                    drop(rolling);
                    lock(&self.recordings).remove(&args.recording);
                    return Err(error.into());
                }
            }
        }
        let stored = recording.stored();
        let over = now_ms.saturating_sub(rolling.begun_ms) >= rolling.limit_ms;
        let stop = if self.reserve_is_kept().is_err() {
            Some("no-room")
        } else if stored > MOST_BYTES.saturating_sub(STOP_BEFORE_BYTES) {
            Some("size-limit")
        } else if over {
            Some("time-limit")
        } else {
            None
        };
        rolling.last_piece_ms = now_ms;
        rolling.stop = rolling.stop.or(stop);
        lock(&self.live).used_at_ms = now_ms;
        Ok(RecordingView {
            id: args.recording.clone(),
            draft: rolling.meta.draft.to_string(),
            stored_bytes: stored as f64,
            stop: rolling.stop.map(str::to_owned),
        })
    }

    /// Ends a recording: from here on it is an item like any other.
    pub fn record_finish(&self, id: &str, ended: &str) -> Result<CaptureView, Problem> {
        const ENDS: [&str; 5] = [
            "stopped",
            "time-limit",
            "size-limit",
            "no-room",
            "device-lost",
        ];
        if !ENDS.contains(&ended) {
            return Err(Code::BadRequest.into());
        }
        self.record_end(id, ended)
    }

    fn record_end(&self, id: &str, ended: &str) -> Result<CaptureView, Problem> {
        let found = self.rolling(id)?;
        let mut rolling = lock(&found);
        let recording = rolling.recording.take().ok_or(Code::NotFound)?;
        lock(&self.recordings).remove(id);
        if recording.stored() == 0 {
            // Nothing came of it: there is nothing to keep, and the next start finds nothing.
            drop(recording);
            return Err(Code::NothingRecorded.into());
        }
        let vault = self.vault()?;
        let end_ms = match ended {
            "cut-off" => rolling.last_piece_ms,
            _ => self.platform.boot().ms,
        };
        let meta = CaptureMeta {
            media_type: sniff(recording.head()).media_type.to_owned(),
            context: CaptureContext {
                recording: Some(Recorded {
                    ended: ended.to_owned(),
                    duration_ms: Some(end_ms.saturating_sub(rolling.begun_ms)),
                }),
                ..rolling.meta.context.clone()
            },
            ..rolling.meta.clone()
        };
        let draft = meta.draft;
        let before = self.photos_before(&vault, draft);
        let captured = recording.finish(meta)?;
        Ok(self.stored(&vault, &captured, draft, before))
    }

    fn rolling(&self, id: &str) -> Result<Arc<Mutex<Rolling>>, Problem> {
        lock(&self.recordings)
            .get(id)
            .cloned()
            .ok_or_else(|| Code::NotFound.into())
    }

    /// Ends what nobody goes on with: all, or those that have been silent for a while. As cut off: nobody has stopped them.
    pub fn end_recordings(&self, all: bool) {
        let now_ms = self.platform.boot().ms;
        let silent = |rolling: &Arc<Mutex<Rolling>>| {
            now_ms.saturating_sub(lock(rolling).last_piece_ms) >= SILENT_MS
        };
        let left: Vec<String> = lock(&self.recordings)
            .iter()
            .filter(|(_, rolling)| all || silent(rolling))
            .map(|(id, _)| id.clone())
            .collect();
        for id in left {
            if let Err(problem) = self.record_end(&id, "cut-off") {
                tracing::warn!(code = problem.code().as_str(), "a recording was left");
            }
        }
    }
}
