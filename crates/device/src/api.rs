//! What the screens ask of the engine and what they get back. One enum in, one view out, the same in both hosts
//! (the Tauri window and the loopback host); photos go in raw, beside it. TypeScript types are made from these files
//! (`ui/shared/src/bindings.ts`). Views serve the screen alone: nothing here is stored or sent to a server.

mod cosign;
mod form;
mod keys;
mod packet;
mod pin;
mod recording;
mod registers;
mod rules;
mod state;
mod upload;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use cosign::*;
pub use form::*;
pub use keys::*;
pub use packet::*;
pub use pin::*;
pub use recording::*;
pub use registers::*;
pub use rules::*;
pub use state::*;
pub use upload::*;

/// Everything a screen can ask. Serialised as `{"do": "draft-open", …}`.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub enum Request {
    /// → [`StateView`]. Cheap; asked every second or so.
    State,
    /// → [`EnrolPreview`]. `text` is the QR's text (`fieldseal:enrol?u=…&c=…&t=…`).
    EnrolLookup { text: String },
    /// Enrols this tablet, and makes the vault with its first officer. `text` as above, a device code. → [`StateView`]
    EnrolDevice { text: String },
    /// Adds an officer's key under a PIN. `code` is an officer's one-time code. → [`OfficerView`]
    EnrolOfficer { code: String, pin: String },
    /// How the keys stand that sign here; the vault is open. → [`KeysView`]
    Keys,
    /// Hands over to a new signing key of this officer's; the vault is open. → [`StateView`]
    RotateOfficer { officer: String, pin: String },
    /// Opens the vault for looking. → [`StateView`]
    Unlock { officer: String, pin: String },
    /// → [`StateView`]
    Lock,
    /// A forgotten PIN: asks the administrator to let this officer back in under a new one. → [`PinRequestView`]
    PinAsk { officer: String, pin: String },
    /// → [`PinRequestView`] or `null`: what waits for the administrator's answer.
    PinAsked,
    /// Takes the administrator's answer; `pin` is the new one that was chosen when asking. → [`StateView`]
    PinAnswer { text: String, pin: String },
    /// Asks no longer. → `null`
    PinForget,
    /// Who is on patrol: lead first. → [`StateView`]
    OnDuty {
        lead: String,
        second: Option<String>,
    },
    /// What stands between this tablet and its retirement. → [`LeavingView`]
    Leaving,
    /// Retires this tablet: only when all that it holds is safe. → [`StateView`]
    Retire { officer: String, pin: String },
    /// Empties a retired tablet, all of whose packets are safe; it is then as new. → [`StateView`]
    Wipe { officer: String, pin: String },
    /// → `Vec<CheckView>`: the self-check before the patrol.
    SelfCheck,
    /// → `Vec<FormView>`
    Forms,
    /// Starts a draft. → [`DraftView`]
    DraftOpen {
        kind: String,
        supplements: Option<String>,
    },
    /// → [`DraftView`]
    Draft { id: String },
    /// → `Vec<DraftSummary>`, newest first.
    Drafts,
    /// Changes the kind of a draft that has no signature yet. → [`DraftView`]
    DraftKind { id: String, kind: String },
    /// Sets described facts; `null` clears one. Saved before it answers. → [`DraftView`]
    Describe {
        id: String,
        #[ts(type = "Record<string, unknown>")]
        facts: serde_json::Map<String, serde_json::Value>,
    },
    /// Which shot of the shot list an item is. → [`DraftView`]
    SetShot {
        id: String,
        capture_seq: u64,
        shot: Option<String>,
    },
    /// Voids an item, with a reason; its bytes stay. → [`DraftView`]
    Void {
        id: String,
        capture_seq: u64,
        reason: String,
    },
    /// 当事人. → [`DraftView`]
    Party { id: String, party: PartyInput },
    /// Closes the draft if it is open, and signs the seal's body as this officer. → [`DraftView`]
    Sign {
        id: String,
        officer: String,
        pin: String,
    },
    /// An officer's card for another tablet. → [`CodeView`]
    OfficerCard { officer: String },
    /// Takes an officer of another tablet on; `text` is their card's. → [`OfficerView`]
    MeetOfficer { text: String },
    /// Closes the draft if it is open, and asks an officer of another tablet to sign. → [`CosignAskView`]
    CosignAsk { id: String, officer: String },
    /// What another tablet asks. → [`CosignView`]
    CosignRead { text: String },
    /// Signs what another tablet asks. → [`CodeView`], the answer
    CosignSign {
        text: String,
        officer: String,
        pin: String,
    },
    /// Takes the answer. → [`DraftView`]
    CosignTake { id: String, text: String },
    /// What officers of this tablet have signed for other tablets. → [`Vec<CosignedView>`]
    Cosigned,
    /// Voids the signatures and reopens the draft. → [`DraftView`]
    Reopen { id: String },
    /// The device signs last; irrevocable. One officer may seal alone. → [`PacketView`]
    Seal { id: String },
    /// Gives a draft up: it is sealed as kind `void` with its photos. → [`PacketView`]
    GiveUp {
        id: String,
        reason: String,
        officer: String,
        pin: String,
    },
    /// → [`PacketPage`], newest first.
    Packets { page: u32, filter: Option<String> },
    /// → [`PacketView`]
    Packet { id: String },
    /// Reads every original again and compares. → [`PacketView`] with `rechecked` set.
    Recheck { id: String },
    /// → [`UploadsView`], its first page.
    Uploads,
    /// → [`UploadsView`], another page.
    UploadsPage { page: u32 },
    /// The officer has read how many photos were found after a stop. → [`StateView`]
    RecoveredRead,
    /// → [`RebuiltView`] or `null`: what came back after a database was damaged.
    Rebuilt,
    /// The officer has read it. → [`StateView`]
    RebuiltRead,
    /// Tries now, whatever the waiting time. → [`UploadsView`]
    UploadNow { id: Option<String> },
    /// Holds uploads, or lets them go on. → [`UploadsView`]
    UploadHold { hold: bool },
    /// Sends what waits for another network over the one that is there: this time. → [`UploadsView`]
    UploadAnyway,
    /// Over which networks uploads go; none: as it is. → [`StateView`]
    UploadRules {
        wifi_only: Option<bool>,
        while_roaming: Option<bool>,
    },
    /// Holds one packet's upload, or lets it go on. → [`UploadsView`]
    UploadPause { id: String, pause: bool },
    /// How long originals stay here once they are safe: the tablet's own setting, for servers that say nothing of it.
    /// `keep_days` 0: at once; none: as long as there is room. → [`RetentionView`]
    Retention { keep_days: Option<u32> },
    /// Gives back what the rule says, now. → [`ReclaimView`]
    Reclaim,
    /// → `Vec<TaskView>`: packets that came back.
    Tasks,
    /// What of the registers is here. `today`, as in the following: the screen's day. → [`RegistersView`]
    Registers { today: String },
    /// The nearest points to this tablet. → [`NearView`]
    Nearest { today: String },
    /// Points and tickets by number, name or address; two characters are enough. → [`FoundView`]
    SearchPoints { text: String },
    /// Points by distance; `due`: those with a ticket due today or before. → [`FoundView`]
    Points { due: Option<String> },
    /// → [`PointView`]
    Point { number: String },
    /// What a part of the map holds, degrees. → [`MapPartView`]
    MapPart {
        south: f64,
        west: f64,
        north: f64,
        east: f64,
        today: String,
    },
    /// A draft among the points. → [`DraftPlaceView`]
    DraftPlace { id: String },
    /// Links a draft to a point, a ticket or neither, and prefills what the register knows. → [`DraftView`]
    DraftPoint {
        id: String,
        point: Option<String>,
        ticket: Option<String>,
    },
    /// What the officer says of photos taken far from their point: `across`, `moved`, `register-wrong`; none takes it back.
    /// → [`DraftPlaceView`]
    DraftFar { id: String, answer: Option<String> },
    /// A position from the screen's geolocation, for captures to come. → `null`
    Position { fix: FixInput },
    /// Why there is no position: `denied`, `unavailable` or `timeout`. → `null`
    NoPosition { reason: String },
    /// The shutter is pressed now: the photo that names this mark ([`CaptureArgs::mark`]) gets the time and the place of this
    /// moment. At most 40 bytes, the screen's own choice. → `null`
    Shutter { mark: String },
    /// Begins a video or a voice note; its pieces go in raw. → [`RecordingView`]
    RecordBegin { args: RecordingArgs },
    /// Ends it: `stopped`, or by `time-limit`, `size-limit`, `no-room`, `device-lost`. → [`CaptureView`]
    RecordFinish { id: String, ended: String },
    /// Screen settings. → [`StateView`]
    Settings {
        language: Option<String>,
        theme: Option<String>,
        /// 1 to 30; only while unlocked.
        auto_lock_min: Option<u32>,
    },
    /// Somebody touched the screen: told a few times a minute at most. → `null`
    Used,
}

/// What goes with the raw bytes of a photo (HTTP headers or query in both hosts).
#[derive(Debug, Clone, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct CaptureArgs {
    /// The draft; none starts one (always so while locked).
    pub draft: Option<String>,
    /// Kind of the draft to start.
    pub kind: Option<String>,
    /// Shot of the shot list.
    pub shot: Option<String>,
    /// `camera` (getUserMedia), `file-input`, `import`, or `party-drawing`: a PNG that the party drew on the screen, for an open draft.
    pub source: String,
    /// The file's own name: a claim.
    pub original_name: Option<String>,
    /// Of the camera: the mark that [`Request::Shutter`] was given at the tap.
    pub mark: Option<String>,
    /// Of the camera: the earlier capture whose picture lay over the finder. Looked up while unlocked.
    pub follows: Option<u64>,
}

/// Answer to a capture: the bytes are durable.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts")]
pub struct CaptureView {
    pub draft: String,
    pub capture_seq: u32,
    pub sha256: String,
    pub size_bytes: f64,
    /// How many photos the draft has now.
    pub count: u32,
}

#[derive(Debug, Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct FixInput {
    pub latitude: f64,
    pub longitude: f64,
    pub accuracy_m: f64,
    pub altitude_m: Option<f64>,
    pub heading_deg: Option<f64>,
    /// Unix milliseconds of the fix, as the platform says.
    pub at_ms: f64,
    /// Its age when it was handed over, by a clock that nobody can set; from `at_ms` and the wall clock when none.
    pub age_ms: Option<f64>,
    pub mock: Option<bool>,
    pub provider: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "bindings.ts", optional_fields = nullable)]
pub struct PartyInput {
    /// `present`, `absent`, `refused` or `unknown`.
    pub presence: String,
    pub name: Option<String>,
    /// Why or how: `informed-refused`, `refused-left`, `other` …, or words.
    pub note: Option<String>,
}
