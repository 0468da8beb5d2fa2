//! One packet on its way: what the outbox knows of it, and what is stored of that.

use fieldseal_packet::{PacketId, Sha256Digest};
use serde::{Deserialize, Serialize};

/// A sealed packet put into the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewJob {
    /// Which packet.
    pub packet: PacketId,
    /// Packet digest: sha256 of `packet.seal`.
    pub seal_sha256: Sha256Digest,
    /// Bytes of the whole zip.
    pub size: u64,
    /// Smaller goes first: the deadline if there is one, else the time of sealing; Unix milliseconds.
    pub order: i64,
}

/// Where a packet is, as the tablet can vouch for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waiting for its turn, for the network or for the end of a back-off.
    Queued,
    /// Bytes of it are on the server.
    Uploading,
    /// All bytes are there; no verified receipt yet.
    Received,
    /// Logged; receipt and inclusion proof verified here.
    Safe,
    /// Goes no further by itself; see [`Cause`].
    Wedged,
}

/// Why a packet is wedged or waits. Each has a way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The server keeps it in quarantine, with its reason code. Asked again from time to time: it may be released.
    Quarantined(String),
    /// The server does not accept this tablet's key. The administrator enrols it anew or lifts the revocation.
    KeyUnknown,
    /// The receipt or its proof is wrong, with the check that failed. Copies are kept; asked again from time to time.
    ReceiptWrong(String),
    /// Larger than the server takes. The administrator raises the limit, or the packet is exported by hand.
    TooLarge,
    /// The server refused it for another reason, with its code.
    Refused(String),
    /// This tablet can't read its own copy. Exported or recovered by hand.
    Unreadable,
    /// The server has no room; tried again by itself.
    ServerFull,
    /// No connection; tried again by itself.
    Offline,
    /// The network wants a sign-in first; tried again by itself.
    CaptivePortal,
    /// The other side's certificate is not accepted: a sign-in page, a wrong clock, or somebody in between. Tried again by itself.
    Certificate,
    /// The server is busy and said when to come again.
    ServerBusy,
    /// The server failed; tried again by itself.
    ServerError,
}

impl Cause {
    /// Stable code for the screens.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Quarantined(_) => "quarantined",
            Self::KeyUnknown => "key-unknown",
            Self::ReceiptWrong(check) if check == "log-contradicts" => "log-contradicts",
            Self::ReceiptWrong(check) if check == "log-unproved" => "log-unproved",
            Self::ReceiptWrong(_) => "receipt-wrong",
            Self::TooLarge => "too-large",
            Self::Refused(_) => "refused-by-server",
            Self::Unreadable => "unreadable",
            Self::ServerFull => "disk-full-server",
            Self::Offline => "offline",
            Self::CaptivePortal => "captive-portal",
            Self::Certificate => "certificate",
            Self::ServerBusy => "server-busy",
            Self::ServerError => "server-error",
        }
    }

    /// The server's or the check's own code, where there is one.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Quarantined(detail) | Self::ReceiptWrong(detail) | Self::Refused(detail) => {
                Some(detail)
            }
            _ => None,
        }
    }
}

/// What of a job is worth keeping over a restart. Nothing of it is needed for safety: a job restored from nothing but
/// [`NewJob`] asks the server and goes on from its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedJob {
    /// Where the upload was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// Bytes the server has acknowledged.
    #[serde(default)]
    pub offset: u64,
    /// Failures since the last progress.
    #[serde(default)]
    pub attempts: u32,
    /// Why it is wedged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wedged: Option<Cause>,
    /// Held back by an officer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

/// What is to be done next for a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not known whether the server has it.
    Ask,
    /// The server does not have it.
    Create,
    /// There is an upload; its offset is not known.
    Head,
    /// The offset is known.
    Send,
    /// All bytes were sent, or the server says it has them.
    AwaitLog,
    /// Receipt and proof are here, to be verified.
    Verify { receipt: String, proof: String },
    /// Done.
    Safe,
    /// Stuck; asked again slowly.
    Wedged,
}

/// One packet in the outbox.
#[derive(Debug, Clone)]
pub struct Job {
    pub(crate) new: NewJob,
    pub(crate) stage: Stage,
    pub(crate) upload: Option<String>,
    pub(crate) offset: u64,
    /// Highest offset ever acknowledged: only beyond it is progress.
    pub(crate) highest: u64,
    pub(crate) attempts: u32,
    /// Status questions answered "not yet" in a row.
    pub(crate) waits: u32,
    pub(crate) next_at: i64,
    pub(crate) cause: Option<Cause>,
    pub(crate) paused: bool,
}

impl Job {
    pub(crate) fn restored(new: NewJob, saved: SavedJob) -> Self {
        let stage = if saved.wedged.is_some() {
            Stage::Wedged
        } else {
            Stage::Ask
        };
        let offset = saved.offset.min(new.size);
        Self {
            new,
            stage,
            upload: saved.upload,
            offset,
            highest: offset,
            attempts: saved.attempts,
            waits: 0,
            next_at: i64::MIN,
            cause: saved.wedged,
            paused: saved.paused,
        }
    }

    /// What to store, so that a restart goes on where this stopped.
    pub fn saved(&self) -> SavedJob {
        SavedJob {
            upload: self.upload.clone(),
            offset: self.offset,
            attempts: self.attempts,
            wedged: if self.stage == Stage::Wedged {
                self.cause.clone()
            } else {
                None
            },
            paused: self.paused,
        }
    }

    /// Where the packet is.
    pub fn state(&self) -> State {
        match self.stage {
            Stage::Ask | Stage::Create if self.offset == 0 => State::Queued,
            Stage::Head | Stage::Send if self.upload.is_none() => State::Queued,
            Stage::Ask | Stage::Create | Stage::Head | Stage::Send => State::Uploading,
            Stage::AwaitLog | Stage::Verify { .. } => State::Received,
            Stage::Safe => State::Safe,
            Stage::Wedged => State::Wedged,
        }
    }

    /// Which packet, its digest, size and order.
    pub fn packet(&self) -> &NewJob {
        &self.new
    }

    /// Bytes the server has acknowledged.
    pub fn sent_bytes(&self) -> u64 {
        match self.stage {
            Stage::AwaitLog | Stage::Verify { .. } | Stage::Safe => self.new.size,
            _ => self.offset,
        }
    }

    /// Failures since the last progress.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When it is tried next by itself, on the driver's clock; none when it is due now or done.
    pub fn next_at(&self) -> Option<i64> {
        (self.stage != Stage::Safe && self.next_at > i64::MIN).then_some(self.next_at)
    }

    /// Whether an officer holds it back.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Why it waits or is wedged.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    pub(crate) fn sends_bytes(&self) -> bool {
        matches!(self.stage, Stage::Create | Stage::Head | Stage::Send)
    }

    pub(crate) fn asks(&self) -> bool {
        matches!(self.stage, Stage::Ask | Stage::AwaitLog | Stage::Wedged)
    }

    /// The server's word on how much it has; it may be less than before.
    pub(crate) fn acknowledge(&mut self, offset: u64) {
        self.offset = offset;
        self.cause = None;
        self.next_at = i64::MIN;
        if offset > self.highest {
            self.highest = offset;
            self.attempts = 0;
        }
        self.stage = if offset == self.new.size {
            Stage::AwaitLog
        } else {
            Stage::Send
        };
    }

    /// The upload is gone: where the packet is must be asked again, and then it may start anew.
    pub(crate) fn forget_upload(&mut self) {
        self.upload = None;
        self.offset = 0;
        self.stage = Stage::Ask;
    }
}
