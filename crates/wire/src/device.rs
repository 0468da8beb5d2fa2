//! What a tablet and the server say to each other, under `/api/v1`. Uploads themselves are tus 1.0 under `/api/v1/uploads`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// First line of the text that a new key signs to prove that the enroller holds it.
pub const ENROL_CONTEXT: &str = "fieldseal-enrol/v1";
/// First line of the text that two keys of one name sign, so that one takes over from the other.
pub const ROTATE_CONTEXT: &str = "fieldseal-rotate/v1";
/// First line of the text that a device key signs to get a token.
pub const AUTH_CONTEXT: &str = "fieldseal-auth/v1";

/// Header of `GET /healthz` that the server gives back as it came, so that a tablet knows that it is the server who answers,
/// and not a network that wants a sign-in. At most 64 letters and digits.
pub const PROBE_HEADER: &str = "x-fieldseal-probe";

/// What is being enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnrolKind {
    /// A tablet's key.
    Device,
    /// An officer's key on one tablet.
    Officer,
}

/// Which algorithms new keys and packets of a deployment use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// Ed25519, SHA-256.
    #[default]
    International,
    /// SM2, and SM3 manifests beside those of SHA-256.
    National,
}

/// `POST /api/v1/enrol/lookup`: whom a one-time code is for. Does not use the code up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolLookup {
    /// The one-time code as typed or scanned; case and dashes do not matter.
    pub code: String,
}

/// Answer to [`EnrolLookup`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolSubject {
    /// Device or officer.
    pub kind: EnrolKind,
    /// Pseudonymous id; the key's name is `<origin>/device/<id>` or `<origin>/officer/<id>`.
    pub id: String,
    /// `<origin>` of this deployment.
    pub origin: String,
    /// Officer's display name (absent for a device).
    pub name: Option<String>,
    /// Officer's badge number 执法证号 (absent for a device).
    pub badge: Option<String>,
    /// Team 街道队, as shown.
    pub team: Option<String>,
    /// The kind of key that is to be enrolled.
    #[serde(default)]
    pub suite: Suite,
    /// When the code expires, RFC 3339.
    pub expires_at: String,
}

/// `POST /api/v1/enrol`: binds a key and uses the code up. For an officer the request also carries the device's token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The one-time code.
    pub code: String,
    /// The new public key, a C2SP vkey whose name was given by the lookup.
    pub vkey: String,
    /// Base64 signature by that key over
    /// `fieldseal-enrol/v1\n<origin>\n<sha256 hex of the normalised code>\n<vkey>\n`.
    pub proof: String,
    /// What the device says of itself: model and software version, for the list of devices. A claim.
    #[serde(default)]
    pub device_claim: Option<String>,
    /// The maker's certificates of a P-256 device key, the key's own first: base64 of DER, at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestation: Vec<String>,
}

/// Answer to [`EnrolRequest`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Enrolled {
    /// The authority's signed `enrolled` note: a leaf of the log, kept byte for byte.
    pub entry: String,
    /// The trust file: log, receipts, authority and decisions keys.
    pub trust: String,
    /// The administrator's recovery key (X25519 public key, base64): the vault seals a copy of its root to it, so that a forgotten PIN loses nothing.
    #[serde(default)]
    pub recovery_key: Option<String>,
    /// A certificate for a P-256 device key, base64 of DER, where the deployment has an authority for it: for CMS signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Server time, RFC 3339.
    pub server_time: String,
}

/// `POST /api/v1/keys/rotate`: a new key takes over from another one of the same name: the tablet's own, or an officer's that lies on it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RotateRequest {
    /// The key that ends.
    pub old_vkey: String,
    /// The key that begins.
    pub vkey: String,
    /// Base64 signature by the old key over `fieldseal-rotate/v1\n<origin>\n<old vkey>\n<vkey>\n`.
    pub old_proof: String,
    /// Base64 signature by the new key over the same.
    pub proof: String,
    /// As in [`EnrolRequest`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attestation: Vec<String>,
}

/// Answer to [`RotateRequest`].
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RotatedKey {
    /// The authority's signed `rotated` note: a leaf of the log, kept byte for byte.
    pub entry: String,
    /// As in [`Enrolled`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// `POST /api/v1/auth/challenge`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChallengeRequest {
    /// `<origin>/device/<id>`.
    pub device: String,
}

/// Answer to [`ChallengeRequest`]: usable once, for one minute.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Challenge {
    /// 32 random bytes, base64.
    pub nonce: String,
    /// Server time, RFC 3339: the tablet takes its clock offset from it.
    pub server_time: String,
}

/// `POST /api/v1/auth/token`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `<origin>/device/<id>`.
    pub device: String,
    /// The challenge's nonce.
    pub nonce: String,
    /// Base64 signature by the device key over `fieldseal-auth/v1\n<origin>\n<device>\n<nonce>\n`.
    pub signature: String,
}

/// Answer to [`TokenRequest`]: send as `Authorization: Bearer …`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Opaque.
    pub token: String,
    /// RFC 3339.
    pub expires_at: String,
    /// RFC 3339.
    pub server_time: String,
}

/// `POST /api/v1/packets/status`: where these packets are (at most 200 at once).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatusRequest {
    /// The packets asked about.
    pub packets: Vec<PacketRef>,
}

/// A packet by id and packet digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PacketRef {
    /// UUID v7.
    pub id: String,
    /// Packet digest: sha256 hex of the file `packet.seal`.
    pub seal_sha256: String,
}

/// Answer to [`StatusRequest`], in the order asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatusResponse {
    /// One for each packet asked about.
    pub packets: Vec<PacketStatus>,
    /// RFC 3339.
    pub server_time: String,
    /// How long tablets keep originals; absent: by each tablet's own setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Hours after sealing within which a packet should be here, for kinds whose form names none; absent: no rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_within_hours: Option<u32>,
}

/// How long a tablet keeps the originals of a packet that is safe. It deletes none before, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retention {
    /// Days after it became safe, or less when room runs short; 0: at once. Absent: until room runs short.
    #[serde(default)]
    pub keep_days: Option<u32>,
}

/// Where a packet is, as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// Not here: upload it.
    Unknown,
    /// All bytes are here; not yet in the log.
    Received,
    /// In the log; `receipt` and `proof` are set.
    Logged,
    /// Kept in quarantine; `reason` says why. Shows as wedged on the tablet.
    Quarantined,
}

/// One packet's status.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PacketStatus {
    /// UUID v7.
    pub id: String,
    /// Where it is.
    pub state: ServerState,
    /// Stable code of the reason, for `quarantined`.
    #[serde(default)]
    pub reason: Option<String>,
    /// The receipt note, byte for byte.
    #[serde(default)]
    pub receipt: Option<String>,
    /// The tlog-proof, byte for byte, its checkpoint included.
    #[serde(default)]
    pub proof: Option<String>,
    /// What the reviewers decided, newest last.
    #[serde(default)]
    pub decisions: Vec<DecisionNotice>,
}

/// A decision, as the tablet is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionNotice {
    /// What was decided.
    pub decision: crate::console::Decision,
    /// The reason given, as written.
    pub reason: Option<String>,
    /// Server's time, RFC 3339.
    pub decided_at: String,
    /// Name of the reviewer, as shown.
    pub reviewer: Option<String>,
    /// By when the answer to a return should be here, RFC 3339; absent: no rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_by: Option<String>,
}

/// `GET /api/v1/checkpoint`: the newest stamped checkpoint and its timestamp tokens by authority; while none is stamped, the
/// newest of all, without tokens.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SeenCheckpoint {
    /// The signed checkpoint, byte for byte; absent while the log is empty.
    pub checkpoint: Option<String>,
    /// Timestamp tokens: `(tsa id, base64 of the DER)`. Empty: `checkpoint` is not stamped.
    pub tokens: Vec<(String, String)>,
    /// The newest checkpoint of all, when `checkpoint` is an older one that is stamped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// The leaves by which the log's key was rotated, byte for byte, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<String>,
}

/// `POST /api/v1/heartbeat` and `POST /api/v1/retire`: how far the tablet has got, signed by its key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatRequest {
    /// The `heartbeat` note: a leaf of the log, byte for byte.
    pub note: String,
    /// Number of the order that the tablet has carried out; of one to empty itself: that it does now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
}

/// How the server sees a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// In use.
    Active,
    /// Retired: it may hand over what it holds, and takes no new photos.
    Retired,
}

/// Answer to a heartbeat.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatAnswer {
    /// It is, or becomes, a leaf. Heartbeats that come too soon after another are heard, and not logged.
    pub logged: bool,
    /// How the server sees the tablet.
    pub standing: Standing,
    /// The authority's signed `retired` note, when it is retired.
    #[serde(default)]
    pub retired: Option<String>,
    /// Seconds until the next one is wanted.
    pub next_after_s: u64,
    /// The tablet's key is to be rotated.
    #[serde(default)]
    pub rotate: bool,
    /// The authority's signed `order` note, the newest one, when there was ever any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The newest checkpoint.
    pub seen: SeenCheckpoint,
    /// Server time, RFC 3339.
    pub server_time: String,
}

/// Answer to `POST /api/v1/retire`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Retirement {
    /// The authority's signed `retired` note: a leaf of the log, byte for byte.
    pub retired: String,
    /// Server time, RFC 3339.
    pub server_time: String,
}
