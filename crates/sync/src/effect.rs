//! What goes out of the machine and what comes back into it.

use fieldseal_packet::PacketId;
use fieldseal_wire::device::PacketStatus;

use crate::Backoff;

/// How patient the outbox is. All in milliseconds of the driver's clock, but for the chunk.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Most bytes in one `PATCH`: what a lost connection costs, and what the driver holds in memory. On a slow link it becomes
    /// less, so that each answer comes in good time.
    pub chunk_bytes: u64,
    /// After a failure of one packet.
    pub retry: Backoff,
    /// After "received, not yet logged".
    pub await_log: Backoff,
    /// After no connection.
    pub reconnect: Backoff,
    /// How often a wedged packet is asked about.
    pub wedged_every_ms: i64,
    /// How often safe, undecided packets are asked about.
    pub watch_every_ms: i64,
    /// How often the newest checkpoint is fetched.
    pub checkpoint_every_ms: i64,
    /// An effect not answered by then counts as no connection.
    pub answer_within_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            chunk_bytes: 4 << 20,
            retry: Backoff {
                first_ms: 1000,
                longest_ms: 300_000,
            },
            await_log: Backoff {
                first_ms: 500,
                longest_ms: 30_000,
            },
            reconnect: Backoff {
                first_ms: 2000,
                longest_ms: 60_000,
            },
            wedged_every_ms: 600_000,
            watch_every_ms: 60_000,
            checkpoint_every_ms: 300_000,
            answer_within_ms: 180_000,
        }
    }
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Challenge, sign with the device key, get a token. → [`Answer::Authenticated`]
    Authenticate,
    /// Fetch the newest checkpoint, to be named by the next seal. → [`Answer::Checkpoint`]
    FetchCheckpoint,
    /// Ask where these are. → [`Answer::Status`]
    AskStatus {
        /// At most 200.
        packets: Vec<PacketId>,
    },
    /// tus `POST`. → [`Answer::Created`]
    Create {
        /// Which packet.
        packet: PacketId,
    },
    /// tus `HEAD`. → [`Answer::Offset`]
    Head {
        /// Which packet.
        packet: PacketId,
        /// Its upload.
        upload: String,
    },
    /// tus `PATCH` of `length` bytes from `offset`. → [`Answer::Offset`]
    Patch {
        /// Which packet.
        packet: PacketId,
        /// Its upload.
        upload: String,
        /// First byte.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// Check receipt and proof against the pinned keys and our own copy, and store them. → [`Answer::Verified`]
    Verify {
        /// Which packet.
        packet: PacketId,
        /// The receipt note.
        receipt: String,
        /// The tlog-proof.
        proof: String,
    },
    /// Nothing until then (or until an event); `None`: nothing at all.
    Wait {
        /// On the driver's clock.
        until: Option<i64>,
    },
}

/// An effect with its ticket: the answer must bring it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Grows with each effect; 0 for [`Effect::Wait`], which has no answer.
    pub ticket: u64,
    /// What to do.
    pub effect: Effect,
}

/// How an effect failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection, cut off, or no answer in time: whether it took effect is not known.
    Unreachable,
    /// Somebody else answered in the server's place: a network that wants a sign-in first.
    CaptivePortal,
    /// A connection, but the other side's certificate is not accepted.
    Certificate,
    /// 401: the token is no longer good.
    Unauthenticated,
    /// The server does not accept this key.
    KeyNotAccepted,
    /// 409: the offset differs.
    OffsetConflict,
    /// 404 or 410: no such upload.
    UploadGone,
    /// 460: the chunk arrived damaged.
    ChecksumMismatch,
    /// 413.
    TooLarge,
    /// 429 or 503, with its Retry-After in milliseconds, if any.
    Busy(Option<i64>),
    /// 507: no room.
    StorageUnavailable,
    /// Another 4xx, with its code.
    Refused(String),
    /// 5xx, or an answer that makes no sense.
    ServerError,
    /// Our own copy could not be read.
    Unreadable,
}

impl Failure {
    /// The server was not reached at all: nothing is known of it, and no packet is to blame.
    pub fn is_of_the_link(&self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::CaptivePortal | Self::Certificate
        )
    }
}

/// What came of an effect.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A token, good until then on the driver's clock.
    Authenticated {
        /// Driver's clock, milliseconds.
        until: i64,
    },
    /// A checkpoint was fetched (and stored by the driver).
    Checkpoint,
    /// Where the packets are.
    Status(Vec<PacketStatus>),
    /// The upload's address.
    Created {
        /// As the server named it.
        upload: String,
    },
    /// The server's offset, of `HEAD` or after `PATCH`.
    Offset(u64),
    /// Receipt and proof hold, and are stored; or the code of the check that failed.
    Verified(Result<(), String>),
    /// It failed.
    Failed(Failure),
}
