/**
 * The bodies of `/api/v1` as this console reads them: `crates/wire/src/console.rs`, `tablets.rs` and `problem.rs`, field for field.
 * Times are RFC 3339 in UTC, digests are lower-case hex, and what is missing is `null`.
 */

export interface Text {
  zh: string;
  en: string;
}

export interface Session {
  account: string;
  name: string;
  role: string;
  csrf: string;
  origin: string;
}

export type Verdict = 'verified' | 'not-proved' | 'failed';
export type Level = 'ok' | 'info' | 'not-proved' | 'failed';
export type Decision = 'accepted' | 'returned' | 'refused' | 'legal-review';
export type QueueName = 'open' | 'done';

export interface VerdictCounts {
  all: number;
  failed: number;
  not_proved: number;
  verified: number;
}

export interface PacketSummary {
  id: string;
  title: string;
  kind: string;
  kind_name: Text;
  point: string | null;
  team: string | null;
  officers: string[];
  items: number;
  /** Numbers of the first items that have a preview, at most three. */
  previews: number[];
  verdict: Verdict;
  ok: number;
  not_proved: number;
  failed: number;
  /** What must not be missed in the list, in one sentence. */
  warning?: Text | null;
  closed_at: string | null;
  received_at: string;
  logged_at: string | null;
  decision: Decision | null;
  decided_at: string | null;
}

export interface PacketPage {
  packets: PacketSummary[];
  total: number;
  page: number;
  counts: VerdictCounts;
}

export interface ItemView {
  number: number;
  path: string;
  sha256: string;
  size: number;
  media_type: string;
  shot: Text | null;
  captured_at: string | null;
  /** Proved: the item was on the device before this. Absent where nothing bounds it by itself. */
  captured_before?: string | null;
  challenge?: ChallengeView | null;
  accuracy_m: number | null;
  width: number | null;
  height: number | null;
  preview: boolean;
  preview_problem: string | null;
  voided: string | null;
}

/** A word that nobody could know before `after`; whether the picture shows it, a person has to see. */
export interface ChallengeView {
  word: string;
  after: string;
}

export interface FieldView {
  id: string;
  label: Text;
  value: Text;
}

export interface PlaceView {
  latitude: string | null;
  longitude: string | null;
  accuracy_m: number | null;
  address: string | null;
  no_fix_reason: string | null;
}

export interface CustodyView {
  log: 'tablet' | 'server';
  line: number;
  at: string;
  event: string;
  actor: string | null;
  text: Text;
}

export interface FindingView {
  code: string;
  level: Level;
  subject: string;
  text: Text;
}

export interface DecisionView {
  decision: Decision;
  reason: string | null;
  decided_at: string;
  reviewer: string;
  leaf_index: number | null;
}

export interface PacketDetail {
  summary: PacketSummary;
  packet_digest: string;
  zip_sha256: string;
  zip_size: number;
  leaf_index: number | null;
  items: ItemView[];
  fields: FieldView[];
  place: PlaceView | null;
  party: string | null;
  custody: CustodyView[];
  findings: FindingView[];
  sealed_after: string | null;
  logged_before: string | null;
  decisions: DecisionView[];
  /** The packet that this one completes, and those that complete this one. */
  related: RelatedView[];
  next: string | null;
  previous: string | null;
}

export interface RelatedView {
  /** `completes`: the packet on the screen completes this one. `completed-by`: this one completes it. */
  relation: 'completes' | 'completed-by';
  id: string;
  /** Its row of the list; `null` where it is not on this server. */
  packet: PacketSummary | null;
  /** Latest decision's reason. */
  reason: string | null;
  /** Whether the seal that is named is that packet's own; `null` where nothing can be said. */
  same_seal: boolean | null;
}

export interface DecisionRequest {
  decision: Decision;
  reason: string | null;
  packet_digest: string;
}

export interface QuarantineView {
  id: string;
  device: string | null;
  received_at: string;
  size: number;
  sha256: string;
  reason: string;
}

export type TabletStatus = 'active' | 'retired' | 'revoked';
export type RevokeReason = 'lost' | 'stolen' | 'left' | 'compromised' | 'other';

export interface TabletOfficer {
  id: string;
  /** `null` once erased from the register. */
  name: string | null;
  badge: string | null;
  team: string | null;
}

export interface TabletAlarm {
  code: string;
  number: number;
  at: string;
  seen_at: string | null;
}

/** An order to a tablet, and how far it has come. */
export interface TabletOrder {
  what: OrderWhat;
  ordered_at: string;
  told_at: string | null;
  done_at: string | null;
}

/** `nothing` withdraws the order before. */
export type OrderWhat = 'lock' | 'wipe' | 'nothing';

export interface TabletView {
  id: string;
  name: string;
  team: string | null;
  status: TabletStatus;
  claim: string | null;
  enrolled_at: string;
  ended_at: string | null;
  replaces: string | null;
  replaced_by: string | null;
  officers: TabletOfficer[];
  seen_at: string | null;
  heartbeat_at: string | null;
  silent: boolean;
  packets_said: number | null;
  packets_here: number;
  photos_said: number | null;
  photos_here: number;
  /** What it was ordered to do last; absent where nothing was, or what was withdrawn has been heard. */
  order?: TabletOrder;
  alarms: TabletAlarm[];
}

export interface TabletList {
  devices: TabletView[];
  /** The server's clock. */
  now: string;
}

export interface CodeView {
  code: string;
  id: string;
  expires_at: string;
  /** What a tablet's scanner reads. */
  text: string;
}

export interface TabletEnded {
  keys: number;
  packets_missing: number;
}

/** RFC 9457, as every error answer of the server. */
export interface Problem {
  type: string;
  code: string;
  status: number;
  title: string;
  detail?: string;
}
