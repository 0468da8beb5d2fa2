//! What a report says, before it is laid out. Everything here is text and numbers that somebody else has read, checked and put into the reader's
//! language; this crate adds the words around them.

/// A reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

/// How the whole was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that counts is proved.
    Verified,
    /// Something is not proved, nothing failed.
    NotProved,
    /// Something failed.
    Failed,
}

/// One thing that counts against the packet, or that is open.
#[derive(Clone)]
pub struct Finding {
    /// Failed, else not proved.
    pub failed: bool,
    /// The sentence.
    pub text: String,
}

/// What became of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// Checked and right, by an enrolled key.
    Right,
    /// Checked and wrong.
    Wrong,
    /// There, but not proved.
    Unproved,
    /// Not there.
    Absent,
}

/// An officer whom the record names.
#[derive(Clone)]
pub struct Officer {
    /// As on the certificate.
    pub name: String,
    /// 执法证号
    pub badge: String,
    /// 主办, else 协办.
    pub lead: bool,
    /// On the seal.
    pub signature: Signature,
}

/// Question 1: what the device says of itself and of the moment.
#[derive(Clone, Default)]
pub struct Environment {
    /// Key name of the device.
    pub device: String,
    /// Models, where the platform told.
    pub models: Vec<String>,
    /// Programs and versions.
    pub software: Vec<String>,
    /// How many items came from the camera, from a file, by import.
    pub sources: [u32; 3],
    /// IANA zone.
    pub zone: String,
    /// Boots that the captures lie in.
    pub boots: usize,
    /// Smallest and largest difference to the server's clock at the captures, milliseconds.
    pub clock_offset_ms: Option<(i64, i64)>,
    /// Latest contact with the server before the last capture.
    pub server_seen_at: Option<i64>,
    /// Latitude, longitude, accuracy, provider.
    pub fix: Option<(String, String, f64, Option<String>)>,
    /// Items with a position, and without.
    pub positions: (u32, u32),
    /// Items whose position the platform marks as simulated.
    pub mock: u32,
}

/// Question 2: who, and when.
#[derive(Clone)]
pub struct Making {
    /// Lead first.
    pub officers: Vec<Officer>,
    /// The tablet's own.
    pub device: Signature,
    /// As the record says.
    pub team: Option<String>,
    /// Presence in words, name, note.
    pub party: Option<(String, Option<String>, Option<String>)>,
    /// Earliest and latest capture, device's clock.
    pub captured: Option<(i64, i64)>,
    /// Closing, device's clock.
    pub closed_at: Option<i64>,
    /// Proved lower bound.
    pub sealed_after: Option<i64>,
    /// Proved upper bound.
    pub logged_before: Option<i64>,
    /// Server's clock.
    pub received_at: i64,
    /// Server's clock.
    pub logged_at: Option<i64>,
}

/// Question 3: in whose hands.
#[derive(Clone, Default)]
pub struct Custody {
    /// Lines of the tablet's log.
    pub tablet_lines: usize,
    /// Whether the chain is whole, as the verifier says.
    pub whole: bool,
    /// Lines of the server's log.
    pub server_lines: usize,
    /// What happened, oldest first: time, who (empty: the administrator), what.
    pub steps: Vec<(i64, Option<String>, String)>,
}

/// Question 4: how it was handed over.
#[derive(Clone)]
pub struct Extraction {
    /// Who exported; empty: the administrator.
    pub by: String,
    /// sha256 hex of the packet's zip.
    pub zip_sha256: String,
    /// Its bytes.
    pub zip_size: u64,
    /// Leaf's index, size of the tree.
    pub leaf: Option<(u64, u64)>,
    /// Root hash of that tree, base64.
    pub root: Option<String>,
    /// Authorities whose tokens lie in the export.
    pub tokens: Vec<String>,
}

/// Question 5: what was changed.
#[derive(Clone, Default)]
pub struct Changes {
    /// Whether every item's bytes are as sealed, and as the custody log says.
    pub items_ok: bool,
    /// Times that signatures were voided and the draft opened again.
    pub reopened: usize,
    /// Items found again after an unexpected stop.
    pub recovered: u64,
    /// Signed children in the export.
    pub derived: usize,
    /// The packet that this one completes.
    pub supplements: Option<String>,
}

/// One photo, video or document.
#[derive(Clone)]
pub struct Item {
    /// 1 for `data/items/0001.…`.
    pub number: u32,
    /// Shot's name.
    pub shot: Option<String>,
    /// Device's clock.
    pub captured_at: Option<i64>,
    /// Proved: it was on the device before this.
    pub captured_before: Option<i64>,
    /// The challenge word of the moment, and before when nobody could know it.
    pub challenge: Option<(String, i64)>,
    /// The device's number of this capture.
    pub capture_seq: u64,
    /// Radius of the position.
    pub accuracy_m: Option<f64>,
    /// Bytes.
    pub size: u64,
    /// By its bytes.
    pub media_type: String,
    /// sha256 hex.
    pub sha256: String,
    /// Why it no longer counts.
    pub voided: Option<String>,
    /// A re-encoded JPEG, never the original.
    pub thumbnail: Option<Vec<u8>>,
}

/// Everything in a report.
#[derive(Clone)]
pub struct Facts {
    /// Of the whole.
    pub language: Language,
    /// `<origin>` of the deployment.
    pub origin: String,
    /// Packet's id.
    pub packet: String,
    /// sha256 hex of the file `packet.seal`.
    pub packet_digest: String,
    /// When the export was made. The report has no clock of its own.
    pub made_at: i64,
    /// In what zone times are shown, minutes east of UTC.
    pub utc_offset_minutes: i32,
    /// Kind's name.
    pub kind: String,
    /// A draft that was given up, and why.
    pub given_up: Option<String>,
    /// Address or point.
    pub place: Option<String>,
    /// The described facts: label, value.
    pub fields: Vec<(String, String)>,
    /// How it was judged.
    pub verdict: Verdict,
    /// How many points were checked and right.
    pub ok: usize,
    /// What failed, then what is not proved.
    pub findings: Vec<Finding>,
    /// 1
    pub environment: Environment,
    /// 2
    pub making: Making,
    /// 3
    pub custody: Custody,
    /// 4
    pub extraction: Extraction,
    /// 5
    pub changes: Changes,
    /// All of them, voided ones included.
    pub items: Vec<Item>,
}
