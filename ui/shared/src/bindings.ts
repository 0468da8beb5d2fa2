// Made from crates/device/src/api.rs: UPDATE_BINDINGS=1 cargo test -p fieldseal-device --test bindings

/**
 * Everything a screen can ask. Serialised as `{"do": "draft-open", …}`.
 */
export type Request = { "do": "state" } | { "do": "enrol-lookup", text: string, } | { "do": "enrol-device", text: string, } | { "do": "enrol-officer", code: string, pin: string, } | { "do": "keys" } | { "do": "rotate-officer", officer: string, pin: string, } | { "do": "unlock", officer: string, pin: string, } | { "do": "lock" } | { "do": "pin-ask", officer: string, pin: string, } | { "do": "pin-asked" } | { "do": "pin-answer", text: string, pin: string, } | { "do": "pin-forget" } | { "do": "on-duty", lead: string, second?: string | null, } | { "do": "leaving" } | { "do": "retire", officer: string, pin: string, } | { "do": "wipe", officer: string, pin: string, } | { "do": "self-check" } | { "do": "forms" } | { "do": "draft-open", kind: string, supplements?: string | null, } | { "do": "draft", id: string, } | { "do": "drafts" } | { "do": "draft-kind", id: string, kind: string, } | { "do": "describe", id: string, facts: Record<string, unknown>, } | { "do": "set-shot", id: string, captureSeq: number, shot?: string | null, } | { "do": "void", id: string, captureSeq: number, reason: string, } | { "do": "party", id: string, party: PartyInput, } | { "do": "sign", id: string, officer: string, pin: string, } | { "do": "officer-card", officer: string, } | { "do": "meet-officer", text: string, } | { "do": "cosign-ask", id: string, officer: string, } | { "do": "cosign-read", text: string, } | { "do": "cosign-sign", text: string, officer: string, pin: string, } | { "do": "cosign-take", id: string, text: string, } | { "do": "cosigned" } | { "do": "reopen", id: string, } | { "do": "seal", id: string, } | { "do": "give-up", id: string, reason: string, officer: string, pin: string, } | { "do": "packets", page: number, filter?: string | null, } | { "do": "packet", id: string, } | { "do": "recheck", id: string, } | { "do": "uploads" } | { "do": "uploads-page", page: number, } | { "do": "recovered-read" } | { "do": "rebuilt" } | { "do": "rebuilt-read" } | { "do": "upload-now", id?: string | null, } | { "do": "upload-hold", hold: boolean, } | { "do": "upload-anyway" } | { "do": "upload-rules", wifiOnly?: boolean | null, whileRoaming?: boolean | null, } | { "do": "upload-pause", id: string, pause: boolean, } | { "do": "retention", keepDays?: number | null, } | { "do": "reclaim" } | { "do": "tasks" } | { "do": "registers", today: string, } | { "do": "nearest", today: string, } | { "do": "search-points", text: string, } | { "do": "points", due?: string | null, } | { "do": "point", number: string, } | { "do": "map-part", south: number, west: number, north: number, east: number, today: string, } | { "do": "draft-place", id: string, } | { "do": "draft-point", id: string, point?: string | null, ticket?: string | null, } | { "do": "draft-far", id: string, answer?: string | null, } | { "do": "position", fix: FixInput, } | { "do": "no-position", reason: string, } | { "do": "shutter", mark: string, } | { "do": "record-begin", args: RecordingArgs, } | { "do": "record-finish", id: string, ended: string, } | { "do": "settings", language?: string | null, theme?: string | null, 
/**
 * 1 to 30; only while unlocked.
 */
autoLockMin?: number | null, } | { "do": "used" };

/**
 * What goes with the raw bytes of a photo (HTTP headers or query in both hosts).
 */
export type CaptureArgs = { 
/**
 * The draft; none starts one (always so while locked).
 */
draft?: string | null, 
/**
 * Kind of the draft to start.
 */
kind?: string | null, 
/**
 * Shot of the shot list.
 */
shot?: string | null, 
/**
 * `camera` (getUserMedia), `file-input`, `import`, or `party-drawing`: a PNG that the party drew on the screen, for an open draft.
 */
source: string, 
/**
 * The file's own name: a claim.
 */
originalName?: string | null, 
/**
 * Of the camera: the mark that [`Request::Shutter`] was given at the tap.
 */
mark?: string | null, 
/**
 * Of the camera: the earlier capture whose picture lay over the finder. Looked up while unlocked.
 */
follows?: number | null, };

/**
 * Answer to a capture: the bytes are durable.
 */
export type CaptureView = { draft: string, captureSeq: number, sha256: string, sizeBytes: number, 
/**
 * How many photos the draft has now.
 */
count: number, };

/**
 * What a recording begins with.
 */
export type RecordingArgs = { 
/**
 * The draft; none starts one (always so while locked).
 */
draft?: string | null, 
/**
 * Kind of the draft to start.
 */
kind?: string | null, 
/**
 * Shot of the shot list.
 */
shot?: string | null, 
/**
 * `camera` (picture and sound, or picture alone) or `microphone`.
 */
source: string, 
/**
 * After so many seconds it is to be stopped; at most an hour, which it is when none.
 */
limitS?: number | null, };

/**
 * What goes with the raw bytes of a piece (HTTP query or headers).
 */
export type PieceArgs = { 
/**
 * Which recording.
 */
recording: string, 
/**
 * Bytes of the recording before this piece: a piece that is handed over again is not taken twice.
 */
offset: number, };

/**
 * How far a recording is. `storedBytes` of it are durable: they are not lost whatever happens to the app.
 */
export type RecordingView = { id: string, draft: string, storedBytes: number, 
/**
 * It is to be stopped now, and why: `time-limit`, `size-limit` or `no-room`.
 */
stop: string | null, };

/**
 * Of an item that was recorded in the app.
 */
export type RecordedView = { 
/**
 * No picture: a voice note.
 */
soundOnly: boolean, 
/**
 * `stopped`, `time-limit`, `size-limit`, `no-room`, `device-lost`, `cut-off`.
 */
ended: string, durationS: number | null, };

export type FixInput = { latitude: number, longitude: number, accuracyM: number, altitudeM?: number | null, headingDeg?: number | null, 
/**
 * Unix milliseconds of the fix, as the platform says.
 */
atMs: number, 
/**
 * Its age when it was handed over, by a clock that nobody can set; from `at_ms` and the wall clock when none.
 */
ageMs?: number | null, mock?: boolean | null, provider?: string | null, };

export type PartyInput = { 
/**
 * `present`, `absent`, `refused` or `unknown`.
 */
presence: string, name?: string | null, 
/**
 * Why or how: `informed-refused`, `refused-left`, `other` …, or words.
 */
note?: string | null, };

export type StateView = { enrolled: boolean, locked: boolean, 
/**
 * Set when something is wrong with the vault as a whole.
 */
problem: ProblemView | null, device: DeviceView | null, officers: Array<OfficerView>, 
/**
 * Officer ids on duty: lead first.
 */
onDuty: Array<string>, 
/**
 * Officer who unlocked.
 */
unlockedBy: string | null, 
/**
 * Whether the last exchange reached the server.
 */
online: boolean, 
/**
 * Seconds since the server answered last in this run.
 */
contactAgeS: number | null, 
/**
 * RFC 3339.
 */
lastServerAt: string | null, 
/**
 * This tablet's clock minus the server's, milliseconds, at the last contact.
 */
clockOffsetMs: number | null, 
/**
 * Sealed packets that are not yet safe (logged, receipt and proof verified here).
 */
unsafePackets: number, 
/**
 * RFC 3339 of the oldest of them.
 */
unsafeOldestAt: string | null, unsafePhotos: number, unsafeBytes: number, drafts: number, tasks: number, wedged: number, 
/**
 * Newest fix: accuracy in metres and age in seconds.
 */
fix: FixView | null, noFixReason: string | null, 
/**
 * Photos found complete after an unexpected stop, until `recovered-read`.
 */
recoveredPhotos: number | null, 
/**
 * Whether the shutter would be refused now: to be said before it is pressed.
 */
capture: CaptureReadyView, freeBytes: number | null, 
/**
 * 0 to 1, where the platform tells.
 */
battery: number | null, 
/**
 * Since when this tablet is retired, RFC 3339: it takes no new photos.
 */
retiredAt: string | null, 
/**
 * What the administrator has ordered this tablet to do, while that is of interest.
 */
order: OrderView | null, 
/**
 * A word from the newest timestamp, to be photographed in the scene.
 */
challenge: string | null, language: string, theme: string, 
/**
 * Minutes without a touch until it locks by itself.
 */
autoLockMin: number, uploadRules: UploadRulesView, 
/**
 * Why packets wait though there is a network: `held`, or a rule's `wifi` or `roaming`.
 */
uploadsWait: string | null, version: string, 
/**
 * Another one when other forms are known than before.
 */
forms: string, };

export type CaptureReadyView = { ready: boolean, 
/**
 * Code of the problem that a capture would answer now: `no-room`, `vault-damaged`, `not-enrolled`.
 */
reason: string | null, };

export type FixView = { accuracyM: number, ageS: number, };

/**
 * What a screen shows when something could not be done.
 */
export type ProblemView = { 
/**
 * Stable; the screens' catalogue has a sentence for each.
 */
code: string, 
/**
 * English, for logs and for codes a screen does not know.
 */
message: string, retriable: boolean, 
/**
 * Numbers and names that the sentence needs.
 */
params: { [key in string]: string }, };

export type DeviceView = { id: string, origin: string, server: string, team: string | null, nextSeq: number, 
/**
 * Key fingerprint, sha256 hex.
 */
fingerprint: string, 
/**
 * `wrapped-file` or `hardware`.
 */
keyStore: string, };

export type OfficerView = { id: string, 
/**
 * Known only after the first unlock since start; the badge always.
 */
name: string | null, badge: string, team: string | null, 
/**
 * Has an enrolment entry by the authority.
 */
enrolled: boolean, 
/**
 * Seconds until another PIN may be tried.
 */
waitS: number, 
/**
 * When the administrator last let them back in after a forgotten PIN, RFC 3339.
 */
pinResetAt?: string, 
/**
 * Signs on a tablet of their own.
 */
guest?: boolean, };

export type EnrolPreview = { server: string, origin: string, 
/**
 * `device` or `officer`.
 */
kind: string, id: string, name: string | null, badge: string | null, team: string | null, };

/**
 * Answer to a picture handed over to be looked at for an enrolment code.
 */
export type ScanView = { 
/**
 * `nothing`, `unreadable` (a code, but too small, blurred or damaged), `foreign` (another kind of code), `enrolment`,
 * of another tablet `officer` (a card), `challenge`, `cosignature`, or of the administrator `pin-answer`.
 */
found: string, 
/**
 * The code's text, for our own kinds alone.
 */
text: string | null, };

export type CheckView = { 
/**
 * `battery`, `storage`, `clock`, `location`, `keys`, `vault`, `checkpoint`, `map`, `unsent`.
 */
code: string, 
/**
 * `ok`, `look` or `unsupported`.
 */
level: string, 
/**
 * Which sentence: the catalogue has `check.<code>.<sentence>`.
 */
sentence: string, params: { [key in string]: string }, 
/**
 * What to do about it, for everything that is `look`: `again`, `connect`, `upload`, `locate`, `officers`, `rebuilt` or
 * `tell` (the administrator).
 */
act: string | null, };

export type LabelView = { zh: string, en: string, };

export type FormView = { 
/**
 * `illegal-structure`, `group-rental`, `billboard`, …
 */
kind: string, version: string, 
/**
 * New drafts may be of this kind.
 */
offered: boolean, name: LabelView, shortName: LabelView, 
/**
 * Fields of all kinds that this one asks for.
 */
common: Array<CommonDef>, sections: Array<SectionDef>, notes: Array<NoteDef>, fields: Array<FieldDef>, shots: Array<ShotDef>, items: Array<ItemCode>, 
/**
 * What is not asked for while nothing is filled in.
 */
hidden: HiddenView, };

export type FieldDef = { id: string, 
/**
 * `choice`, `choices`, `integer`, `decimal`, `text`, `date`, `yes-no`.
 */
fieldType: string, label: LabelView, hint: LabelView | null, 
/**
 * Id of its section.
 */
section: string | null, 
/**
 * `m²`, `m`, `人` …
 */
unit: LabelView | null, choices: Array<ChoiceDef>, 
/**
 * Missing is shown, never blocks.
 */
expected: boolean, 
/**
 * Only shown when another field has one of these values.
 */
shownIf: ShownIf | null, min: number | null, max: number | null, maxLength: number | null, };

export type ShownIf = { field: string, anyOf: Array<string>, };

export type ChoiceDef = { id: string, label: LabelView, 
/**
 * Rules the others out.
 */
alone: boolean, };

/**
 * A field that every kind has, asked for by this one: missing is shown, never blocks.
 */
export type CommonDef = { id: string, shownIf: ShownIf | null, };

export type ShotDef = { id: string, label: LabelView, expected: boolean, shownIf: ShownIf | null, };

/**
 * An item of the competence catalogue 事项编码.
 */
export type ItemCode = { code: string, label: LabelView, };

/**
 * A heading under which fields stand together.
 */
export type SectionDef = { id: string, label: LabelView, };

/**
 * Words between the fields.
 */
export type NoteDef = { id: string, label: LabelView, 
/**
 * Stands before this field; at the end where there is none.
 */
before: string | null, section: string | null, };

/**
 * Ids of what is not asked for.
 */
export type HiddenView = { 
/**
 * Those that all kinds have among them.
 */
fields: Array<string>, shots: Array<string>, notes: Array<string>, };

/**
 * A value that is kept, and is not as the form says it should be.
 */
export type ViolationView = { field: string, 
/**
 * In the form's words.
 */
message: LabelView | null, };

export type DraftSummary = { id: string, kind: string, title: string | null, photos: number, openedAt: string, 
/**
 * `capture_seq` of the first photo with a preview.
 */
cover: number | null, 
/**
 * `open` or `closed` (closed: waiting for signatures or the seal).
 */
stage: string, missingShots: Array<string>, };

export type DraftView = { id: string, kind: string, stage: string, openedAt: string, supplements: string | null, photos: Array<PhotoView>, facts: Record<string, unknown>, party: PartyInput | null, 
/**
 * Expected shots with no photo that counts.
 */
missingShots: Array<string>, 
/**
 * Expected fields with no value.
 */
missingFields: Array<string>, 
/**
 * What the form's rules do not ask for, given the facts.
 */
hidden: HiddenView, 
/**
 * Values that are kept, and are not as the form says they should be.
 */
violations: Array<ViolationView>, 
/**
 * The form that it was opened with, where there is another one of its kind now.
 */
form: FormView | null, signatures: Array<SignatureView>, 
/**
 * The officers the record names: lead first.
 */
officers: Array<string>, 
/**
 * Sequence number this packet will have.
 */
deviceSeq: number | null, 
/**
 * Seen checkpoint's time, where a stamp says one.
 */
sealedAfter: string | null, 
/**
 * Seen checkpoint: tree size, or none.
 */
seenSize: number | null, };

export type PhotoView = { captureSeq: number, 
/**
 * 1 for `0001`, once the draft is closed.
 */
number: number | null, shot: string | null, capturedAt: string, sha256: string, sizeBytes: number, mediaType: string, width: number | null, height: number | null, 
/**
 * `evidence://…/thumb/<capture_seq>` and `…/preview/<capture_seq>` answer a JPEG.
 */
preview: boolean, 
/**
 * Stable code of why there is none: `not-decodable`, `unsupported-format`, `empty`, `too-large`, `pending`.
 */
previewProblem: string | null, fix: PhotoFix | null, noFixReason: string | null, voided: string | null, 
/**
 * What the party drew on the screen: no photo, and no digital signature.
 */
drawing: boolean, 
/**
 * Degrees clockwise from north, where the platform told.
 */
headingDeg: number | null, 
/**
 * sha256 of the earlier photo over which this one was taken.
 */
follows: string | null, 
/**
 * Of a video or voice note made in the app.
 */
recorded: RecordedView | null, 
/**
 * After a recheck: the bytes still have this digest.
 */
rechecked: boolean | null, };

export type PhotoFix = { latitude: string, longitude: string, accuracyM: number, ageS: number, };

export type SignatureView = { officer: string, signedAt: string, };

export type PacketSummary = { id: string, kind: string, title: string | null, photos: number, sizeBytes: number, sealedAt: string, cover: number | null, 
/**
 * `queued`, `uploading`, `received`, `safe` (= logged and verified here), `wedged`, `accepted`, `returned`, `refused`, `legal-review`.
 */
state: string, reason: string | null, stateAt: string | null, 
/**
 * When its originals were removed from this tablet, after it was safe.
 */
reclaimedAt: string | null, };

export type PacketPage = { packets: Array<PacketSummary>, total: number, page: number, };

export type PacketView = { summary: PacketSummary, deviceSeq: number, 
/**
 * sha256 hex of `packet.seal`: for QR and paper.
 */
packetDigest: string, photos: Array<PhotoView>, facts: Record<string, unknown>, party: PartyInput | null, signatures: Array<SignatureView>, custody: Array<CustodyView>, leafIndex: number | null, receivedAt: string | null, sealedAfter: string | null, loggedBefore: string | null, decisions: Array<TaskDecision>, supplements: string | null, 
/**
 * Set by `Recheck`: all, whether equal, and when.
 */
rechecked: RecheckView | null, 
/**
 * The form that it was made with, where there is another one of its kind now.
 */
form: FormView | null, };

export type RecheckView = { at: string, 
/**
 * Everything that could be checked holds.
 */
equal: boolean, differing: Array<number>, 
/**
 * The originals were removed by rule: the rest was checked, and what the server signed for them.
 */
originalsRemoved: boolean, 
/**
 * Record, custody log and manifests have the digests that were sealed, and the photos those of their captures.
 */
filesHold: boolean, 
/**
 * Receipt and inclusion proof hold against the pinned keys; none while there is no verified receipt.
 */
receiptHolds: boolean | null, };

/**
 * How long originals stay on this tablet once their packet is safe.
 */
export type RetentionView = { 
/**
 * 0: none; none: as long as there is room.
 */
keepDays: number | null, 
/**
 * `server`, `tablet` or `default`.
 */
by: string, 
/**
 * Why nothing is removed for now, whatever the rule: `log-contradicts`.
 */
held: string | null, };

/**
 * What was given back.
 */
export type ReclaimView = { packets: number, photos: number, bytes: number, };

export type CustodyView = { at: string, 
/**
 * `opened`, `captured`, `described`, `voided`, `party`, `closed`, `reopened`, `signed`, `sealed`, `uploaded`, `received`, `logged`, `safe`, `accepted`, `returned`, …
 */
event: string, 
/**
 * Officer's name, or `device`, or `server`.
 */
actor: string | null, params: { [key in string]: string }, 
/**
 * After sealing, so from the tablet's or the server's own log.
 */
afterSeal: boolean, 
/**
 * Not reached yet: shown dashed.
 */
pending: boolean, };

export type UploadsView = { held: boolean, online: boolean, 
/**
 * A page of them: first what needs a person, then in the order of their turns.
 */
unsafePackets: Array<UploadView>, unsafeTotal: number, 
/**
 * Bytes of all of them that are not there yet, and how long they may take.
 */
leftBytes: number, left: LeftView | null, 
/**
 * What stands between here and the server: `offline`, `captive-portal` or `certificate`; none while it answers.
 */
link: string | null, 
/**
 * For which network a rule makes everything wait: `wifi` or `roaming`.
 */
waits: string | null, 
/**
 * From 0, of 50.
 */
page: number, safeRecent: Array<PacketSummary>, safeTotal: number, 
/**
 * Of these, packets whose originals were removed from this tablet.
 */
reclaimedTotal: number, 
/**
 * None until the first unlock.
 */
retention: RetentionView | null, };

/**
 * Seconds, from and to.
 */
export type LeftView = { leastS: number, mostS: number, };

export type UploadView = { packet: PacketSummary, sentBytes: number, totalBytes: number, bytesPerS: number | null, 
/**
 * How long the rest may take; none: not known.
 */
left: LeftView | null, 
/**
 * Place in the order of turns, from 1; none for what goes no further by itself or is paused.
 */
turn: number | null, 
/**
 * When it should be on the server, where a rule says so: the order is by this, else by the time of sealing.
 */
deadline: string | null, 
/**
 * Held back by an officer.
 */
paused: boolean, attempts: number, 
/**
 * RFC 3339 of the next try by itself.
 */
nextTryAt: string | null, 
/**
 * Why it waits or is wedged: a stable code such as `offline`, `key-unknown`, `receipt-wrong`, `disk-full-server`.
 */
cause: string | null, };

export type TaskView = { packet: PacketSummary, reason: string | null, reviewer: string | null, decidedAt: string, 
/**
 * By when the answer should be on the server, where a rule says so.
 */
answerBy: string | null, 
/**
 * The newest supplement that was started or sealed for it: a draft's id, or a packet's.
 */
supplement: string | null, 
/**
 * Of that supplement: `open` or `closed` (still a draft), else where the sealed packet is, as in [`PacketSummary::state`].
 */
supplementState: string | null, };

export type TaskDecision = { decision: string, reason: string | null, reviewer: string | null, decidedAt: string, };

/**
 * What is on this tablet and not safe on the server.
 */
export type LeavingView = { drafts: number, 
/**
 * Photos that wait to be taken into a draft.
 */
waiting: number, 
/**
 * Sealed packets without a verified receipt.
 */
unsafePackets: number, 
/**
 * Of them, those that need somebody.
 */
wedged: number, 
/**
 * Damaged files that were set aside: an expert may still read them.
 */
damaged: number, 
/**
 * Nothing of all that.
 */
ready: boolean, retiredAt: string | null, };

export type KeysView = { 
/**
 * The tablet's own.
 */
device: KeyView, 
/**
 * Those of the officers who sign here.
 */
officers: Array<KeyView>, };

export type KeyView = { 
/**
 * Tablet's or officer's id.
 */
id: string, 
/**
 * sha256 hex; empty where there is no key.
 */
fingerprint: string, 
/**
 * `enrolled` (by the authority), `renewing` (a new key waits for the server's yes), `retired`, `not-enrolled`.
 */
standing: string, 
/**
 * Since when the authority knows this key, RFC 3339, the server's clock.
 */
since: string | null, 
/**
 * It took over from an earlier key of the same name.
 */
tookOver: boolean, };

/**
 * An order of the administrator's.
 */
export type OrderView = { 
/**
 * `lock` (until the next unlock) or `wipe`.
 */
what: string, 
/**
 * RFC 3339, the server's clock.
 */
at: string, };

/**
 * After a damaged database was set aside and made anew, until the officer has read it.
 */
export type RebuiltView = { 
/**
 * RFC 3339, this tablet's clock.
 */
at: string, 
/**
 * Sealed packets that are back, whole.
 */
packets: number, 
/**
 * Open drafts whose photos are back. What was described in them, voided and signed is not.
 */
drafts: Array<DraftSummary>, };

/**
 * Over which networks the bytes of packets may go, as far as the platform can tell one from another.
 */
export type UploadRulesView = { 
/**
 * Not over mobile data, nor over any network that somebody pays for by the byte.
 */
wifiOnly: boolean, 
/**
 * Also in another operator's network.
 */
whileRoaming: boolean, 
/**
 * The platform says over what the tablet is connected; where it does not, no rule holds anything back.
 */
told: boolean, };

/**
 * What the tablet asks of the administrator.
 */
export type PinRequestView = { 
/**
 * Whose PIN was forgotten.
 */
officer: string, badge: string, 
/**
 * To be carried to the administrator: a QR, a message, a file. It holds no secret in the clear.
 */
text: string, 
/**
 * What the officer reads to the administrator, who types it: so that nobody has changed the text on its way.
 */
compare: string, 
/**
 * RFC 3339, this tablet's clock.
 */
madeAt: string, 
/**
 * RFC 3339: from then on it asks for nothing more.
 */
until: string, };

/**
 * What a screen shows as a QR code.
 */
export type CodeView = { text: string, };

/**
 * What the first tablet shows to the second one.
 */
export type CosignAskView = { 
/**
 * The challenge, to be shown as a QR code.
 */
text: string, items: number, 
/**
 * Short code over the thumbnails: must be the one that the second tablet shows.
 */
compare: string, };

/**
 * What the second tablet shows before its officer signs. All but `captures` and `closed_at` is the other tablet's word.
 */
export type CosignView = { 
/**
 * Id of the officer who is asked.
 */
officer: string, packet: string, 
/**
 * Address or point.
 */
title: string | null, items: number, 
/**
 * The other tablet's capture numbers.
 */
captures: string, 
/**
 * RFC 3339, by the other tablet's clock.
 */
closedAt: string, 
/**
 * Short code over the thumbnails: must be the one beside them on the other tablet.
 */
compare: string, };

/**
 * One signature that an officer of this tablet gave to another tablet.
 */
export type CosignedView = { packet: string, 
/**
 * Hex, of the seal's text: what was signed.
 */
textSha256: string, 
/**
 * Id of the officer.
 */
officer: string, 
/**
 * Address or point, by the other tablet's word.
 */
title: string | null, items: number, 
/**
 * The other tablet's capture numbers.
 */
captures: string, 
/**
 * RFC 3339, by the other tablet's clock.
 */
closedAt: string, 
/**
 * Short code over the thumbnails.
 */
compare: string, 
/**
 * RFC 3339, by this tablet's clock.
 */
signedAt: string, };

/**
 * What of the registers is here.
 */
export type RegistersView = { points: number, tickets: number, 
/**
 * Tickets due today or before.
 */
ticketsDue: number, 
/**
 * When the points came, RFC 3339; none: never.
 */
pointsAt: string | null, ticketsAt: string | null, map: MapView | null, 
/**
 * Parts of a hundred of a map that is on its way.
 */
mapProgress: number | null, };

export type MapView = { 
/**
 * Names the file, so that another one is not taken for it.
 */
id: string, sizeBytes: number, 
/**
 * Positions are shifted to be drawn on it.
 */
gcj02: boolean, 
/**
 * When the administrator put it in place, RFC 3339.
 */
placedAt: string, attribution: string | null, };

export type PointView = { number: string, name: string | null, kind: string | null, address: string | null, compound: string | null, team: string | null, lat: number | null, lon: number | null, 
/**
 * Nothing is left to be done there.
 */
done: boolean, distanceM: number | null, 
/**
 * Open tickets, the most urgent first: at most five.
 */
tickets: Array<TicketView>, };

export type TicketView = { number: string, kind: string | null, what: string | null, point: string | null, address: string | null, received: string | null, due: string | null, };

/**
 * Points near this tablet.
 */
export type NearView = { 
/**
 * `distance`; `last-visit`: without a position, those of the newest packets.
 */
by: string, points: Array<PointView>, fix: FixView | null, registers: RegistersView, };

/**
 * What was found for some words.
 */
export type FoundView = { points: Array<PointView>, tickets: Array<TicketView>, 
/**
 * There may be more: more words narrow it down.
 */
more: boolean, };

/**
 * What a part of the map holds: each point, or when they are too many how many lie where.
 */
export type MapPartView = { pins: Array<PinView>, clusters: Array<ClusterView>, 
/**
 * Where this tablet is, if it knows: latitude, longitude.
 */
here: [number, number] | null, };

export type PinView = { number: string, lat: number, lon: number, 
/**
 * `today`: a ticket is due; `open`, `done`.
 */
state: string, };

export type ClusterView = { lat: number, lon: number, count: number, };

/**
 * A draft among the points.
 */
export type DraftPlaceView = { 
/**
 * The point that it names, if the register has it.
 */
point: PointView | null, ticket: TicketView | null, 
/**
 * The nearest to its best position, of its kind.
 */
nearest: Array<PointView>, 
/**
 * The one that is alone within 50 m, while none is chosen and none was refused.
 */
suggested: string | null, 
/**
 * Its photos were taken far from its point.
 */
far: FarView | null, 
/**
 * Whether there is a register of points at all.
 */
registered: boolean, };

export type FarView = { distanceM: number, accuracyM: number, 
/**
 * What the officer has said of it: `across`, `moved` or `register-wrong`.
 */
answer: string | null, };
