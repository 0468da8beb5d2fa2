/* Handles for the window test and the browser test. A screen's root carries `data-screen`, its controls `data-testid`.
 *
 * data-screen: first-run · lock · today · camera · describe · seal · packet · packets · upload · points · tasks · me
 *
 * first run   scanner, scan-live (video), scan-no-camera (the reason), scan-hint (data-hint: unreadable|foreign|no-code|no-picture),
 *             scan-file (input type=file), scan-again, scan-officer, officer-preview (whose the scanned code is)
 *             enrol-text (textarea: the QR's text) → enrol-check → enrol-preview → enrol-go
 *             officer-code, officer-pin, officer-pin-again → officer-go; officer-row (one for each added) → officers-done
 * lock        officer-<i> (0 …), unlock-pin (input) → unlock-go; pad-0 … pad-9, pad-back; open-camera works while locked
 * shell       nav-today, nav-points, nav-packets, nav-upload, nav-me, nav-sun, open-camera, standing-line, online-state,
 *             problem-bar (text of the last problem), problem-close, back, clock
 * today       open-camera, kind-<kind>, check-<code>, draft-<i>, tasks-line, recovered, change-duty,
 *             duty-lead-<i>, duty-second-<i>, duty-go
 * camera      file-input (input type=file, always there), shutter (only with a camera), shutter-waiting (photos on their way),
 *             no-camera (data-why: the reason), camera-again, camera-paused,
 *             shot-<shot id>, shot-other, capture-count (text: photos stored in this draft), capture-problem, capture-retry,
 *             look, to-describe, back
 *             film (starts and ends a video), recording (data-stored: durable bytes, data-seconds), recording-said (data-code),
 *             zoom (a camera that has one), camera-gear → camera-settings: camera-grid|sound|touch, record-minutes-<n>
 * points      points-search, points-due, points-sum, points-no-map, points-list, points-nothing, point-<i> (data-point), ticket-<i>,
 *             point-card (data-point) → point-shoot, point-close; today: nearby, near-<i>
 * describe    voice-note (starts and ends), player, player-none, recorded (data-ended), describe-saved, kind-<kind>, photo-<i>, choice-<field>-<choice>, field-<field> (input), plus-<field>, minus-<field>,
 *             which-point: which-<i> (data-point), which-none, which-ticket-<number>, which-far → which-far-<answer>
 *             item-code-<code>, section-<id>, note-<id>, violation-<field> (empty: none), party-present|absent|refused|unknown, missing (what is missing), to-seal, back,
 *             give-up → give-up-reason → pin-input → pin-go
 *   photo     photo-shot-<shot id>, void-open, void-reason-<i>, void-text, void-go
 * seal        party-present|absent|refused|unknown, party-name, refusal-informed-refused|refused-left|other,
 *             sign-<i> → pin-input → pin-go (dialog), signed-<i>, reopen → reopen-go, seal-missing (what is missing, by name), seal-violations,
 *             seal-hold (hold 1 s; or tap: the same button becomes seal-confirm for 5 s), seal-alone-go (dialog: one officer only)
 * packets     packet-row-<i> (data-packet, data-state)
 * packet      packet-state (data-state: queued|uploading|received|safe|wedged|accepted|returned|refused|legal-review),
 *             packet-digest (data-digest: 64 hex), packet-qr, custody-<event>, recheck, recheck-result, supplement, proved
 * upload      upload-row-<i> (data-packet, data-state), upload-progress-<i>, upload-cause-<i>, upload-now, upload-now-<i>,
 *             upload-hold, upload-pause-<i>, upload-line-<i>, upload-facts-<i>, upload-link (portal or certificate), upload-left,
 *             safe-row-<i>, safe-row-<i>-removed, retention, retention-held (the log contradicts), all-safe
 * tasks       task-<i>, task-supplement-<i>
 *             cosign-ask-dialog (for an officer of another tablet): cosign-ask-code (data-qr), cosign-compare, cosign-take → scan-file
 * me          lang-zh, lang-en, theme-light, theme-dark, theme-sun, lock-now, device-fingerprint, add-officer,
 *             retire-open | wipe-open → leave-left (what is not safe yet) or leave-pin → leave-go; retired, retired-today,
 *             cosign-card → cosign-card-code; cosign-meet → scan-file → cosign-met; cosign-sign-for → scan-file → cosign-compare,
 *             pin-input, pin-go → cosign-answer-code → cosign-done (dialog: sign-for)
 */

/** The handles with a fixed name. A test keeps that each of them is in a screen. */
export const testids = [
  'scanner',
  'cosign-ask-dialog',
  'cosign-ask-code',
  'cosign-compare',
  'cosign-take',
  'cosign-card',
  'cosign-card-code',
  'cosign-meet',
  'cosign-met',
  'cosign-sign-for',
  'cosign-answer-code',
  'cosign-done',
  'sign-for',
  'nearby',
  'points-search',
  'points-due',
  'points-sum',
  'points-no-map',
  'points-list',
  'points-nothing',
  'point-card',
  'point-close',
  'point-shoot',
  'which-point',
  'which-none',
  'which-far',
  'scan-live',
  'scan-no-camera',
  'scan-hint',
  'scan-file',
  'scan-again',
  'scan-officer',
  'officer-preview',
  'enrol-text',
  'enrol-check',
  'enrol-preview',
  'enrol-go',
  'officer-code',
  'officer-pin',
  'officer-pin-again',
  'officer-go',
  'officers-done',
  'unlock-pin',
  'unlock-go',
  'open-camera',
  'file-input',
  'shutter',
  'no-camera',
  'camera-again',
  'camera-paused',
  'shutter-waiting',
  'film',
  'recording',
  'recording-said',
  'zoom',
  'camera-gear',
  'camera-settings',
  'voice-note',
  'player',
  'recorded',
  'capture-count',
  'capture-problem',
  'to-describe',
  'to-seal',
  'pin-input',
  'pin-go',
  'party-name',
  'reopen',
  'seal-missing',
  'seal-hold',
  'seal-confirm',
  'seal-alone-go',
  'packet-state',
  'packet-digest',
  'packet-qr',
  'recheck',
  'recheck-result',
  'supplement',
  'upload-now',
  'upload-hold',
  'all-safe',
  'standing-line',
  'problem-bar',
  'lock-now',
  'device-fingerprint',
  'retire-open',
  'wipe-open',
  'leave-left',
  'retired',
  'retired-today',
] as const;
