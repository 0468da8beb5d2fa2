/** An engine in memory: enough of the interface to draw the screens and walk through them. It seals nothing. */

import type {
  CaptureView,
  CheckView,
  CustodyView,
  DraftView,
  FormView,
  OfficerView,
  PacketView,
  PhotoView,
  Request,
  StateView,
  UploadsView,
} from '@fieldseal/shared/bindings.ts';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { loadForms } from './forms.ts';

export class Refusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const PIN = '246813';
const BYTES_A_TICK = 900_000;

interface Sealed {
  view: PacketView;
  sent: number;
  total: number;
  cause: string | null;
}

export class FakeEngine {
  private readonly forms: FormView[] = loadForms();
  private readonly images = new Map<number, Buffer>();
  private readonly drafts = new Map<string, DraftView>();
  private readonly packets: Sealed[] = [];
  private readonly state: StateView;
  private held = false;
  private next = 1;

  constructor(scene: string) {
    this.state = blank();
    if (scene === 'damaged') this.state.problem = { code: 'vault-damaged', message: '', retriable: false, params: {} };
    if (scene !== 'first-run') this.enrol();
    if (scene === 'patrol' || scene === 'locked') this.patrol();
    if (scene === 'locked') this.state.locked = true;
    setInterval(() => {
      this.tick();
    }, 1000).unref();
  }

  call(request: Request): unknown {
    if (this.state.locked && !['state', 'unlock', 'enrol-lookup', 'enrol-device', 'enrol-officer', 'forms', 'settings', 'position', 'no-position', 'uploads'].includes(request.do)) {
      throw new Refusal('locked');
    }
    switch (request.do) {
      case 'state':
        return this.counted();
      case 'enrol-lookup':
        if (!request.text.startsWith('fieldseal:enrol?')) throw new Refusal('qr-not-recognised');
        return { server: 'https://evidence.example.gov.cn', origin: 'evidence.example.gov.cn', kind: 'device', id: 'jn-t-014', name: null, badge: null, team: '江宁路街道综合行政执法队' };
      case 'enrol-device':
        this.state.device = device();
        return this.counted();
      case 'enrol-officer':
        if (request.code === 'used') throw new Refusal('code-invalid');
        this.state.officers.push(officer(this.state.officers.length));
        this.state.enrolled = true;
        this.state.locked = false;
        return this.state.officers.at(-1);
      case 'unlock':
        if (request.pin !== PIN) throw new Refusal('wrong-pin');
        this.state.locked = false;
        return this.counted();
      case 'lock':
        this.state.locked = true;
        return this.counted();
      case 'on-duty':
        this.state.onDuty = [request.lead, ...(request.second ? [request.second] : [])];
        return this.counted();
      case 'settings':
        this.state.language = request.language ?? this.state.language;
        this.state.theme = request.theme ?? this.state.theme;
        return this.counted();
      case 'leaving':
        return { drafts: this.drafts.size, waiting: 0, unsafePackets: this.counted().unsafePackets, wedged: 0, damaged: 0, ready: this.drafts.size === 0 && this.counted().unsafePackets === 0, retiredAt: this.state.retiredAt };
      case 'retire':
        if (request.pin !== PIN) throw new Refusal('wrong-pin');
        this.state.retiredAt = new Date().toISOString();
        return this.counted();
      case 'self-check':
        return checks(this.state);
      case 'forms':
        return this.forms;
      case 'drafts':
        return [...this.drafts.values()].reverse().map((draft) => ({
          id: draft.id,
          kind: draft.kind,
          title: typeof draft.facts['address'] === 'string' ? draft.facts['address'] : null,
          photos: draft.photos.length,
          openedAt: draft.openedAt,
          cover: draft.photos.find((photo) => photo.preview)?.captureSeq ?? null,
          stage: draft.stage,
          missingShots: draft.missingShots,
        }));
      case 'draft-open':
        return this.open(request.kind, request.supplements ?? null);
      case 'draft':
        return this.draft(request.id);
      case 'draft-kind':
        return this.changed(request.id, (draft) => (draft.kind = request.kind));
      case 'describe':
        return this.changed(request.id, (draft) => {
          for (const [key, value] of Object.entries(request.facts)) {
            if (value === null) Reflect.deleteProperty(draft.facts, key);
            else draft.facts[key] = value;
          }
        });
      case 'set-shot':
        return this.changed(request.id, (draft) => (photo(draft, request.captureSeq).shot = request.shot ?? null));
      case 'void':
        return this.changed(request.id, (draft) => (photo(draft, request.captureSeq).voided = request.reason));
      case 'party':
        return this.changed(request.id, (draft) => (draft.party = request.party));
      case 'sign': {
        const draft = this.draft(request.id);
        if (request.pin !== PIN) throw new Refusal('wrong-pin');
        if (draft.photos.length === 0) throw new Refusal('no-photos');
        draft.stage = 'closed';
        draft.officers = [...this.state.onDuty];
        draft.deviceSeq = this.state.device?.nextSeq ?? 1;
        draft.signatures.push({ officer: request.officer, signedAt: new Date().toISOString() });
        return { ...draft };
      }
      case 'reopen': {
        const draft = this.draft(request.id);
        draft.stage = 'open';
        draft.signatures = [];
        return { ...draft };
      }
      case 'seal':
        return this.seal(request.id);
      case 'packets':
        return { packets: this.packets.map((one) => one.view.summary), total: this.packets.length, page: 0 };
      case 'packet':
        return this.packet(request.id).view;
      case 'recheck': {
        const { view } = this.packet(request.id);
        return { ...view, rechecked: { at: new Date().toISOString(), equal: true, differing: [], originalsRemoved: false, filesHold: true, receiptHolds: true } };
      }
      case 'upload-pause':
      case 'uploads-page':
        return this.uploads();
      case 'recovered-read':
        this.state.recoveredPhotos = null;
        return this.state;
      case 'upload-hold':
        this.held = request.hold;
        return this.uploads();
      case 'upload-now':
      case 'uploads':
        return this.uploads();
      case 'tasks':
        return this.packets
          .filter((one) => one.view.summary.state === 'returned')
          .map((one) => ({ packet: one.view.summary, reason: one.view.summary.reason, reviewer: '陈岚', decidedAt: ago(1400), supplement: null }));
      case 'cosigned':
        return cosigned();
      default:
        return null;
    }
  }

  capture(bytes: Buffer, args: Record<string, string>): CaptureView {
    const draft = args['draft'] ? this.draft(args['draft']) : this.open(args['kind'] ?? 'illegal-structure', null);
    const seq = this.next++;
    const jpeg = (bytes[0] === 0xff && bytes[1] === 0xd8) || bytes.subarray(1, 4).toString() === 'PNG';
    if (jpeg) this.images.set(seq, bytes);
    const drawing = args['source'] === 'party-drawing';
    for (const photo of draft.photos) if (drawing && photo.drawing) photo.voided ??= '当事人重新书写 (drawn again)';
    draft.photos.push({
      captureSeq: seq,
      number: null,
      shot: args['shot'] ?? null,
      capturedAt: new Date().toISOString(),
      sha256: digest(bytes),
      sizeBytes: bytes.length,
      mediaType: jpeg ? 'image/jpeg' : 'application/octet-stream',
      width: null,
      height: null,
      preview: jpeg,
      previewProblem: jpeg ? null : 'unsupported-format',
      fix: this.state.fix ? { latitude: '31.238912', longitude: '121.441203', accuracyM: 4, ageS: 3 } : null,
      noFixReason: null,
      voided: null,
      drawing,
      headingDeg: null,
      follows: null,
      recorded: null,
      rechecked: null,
    });
    this.missing(draft);
    return { draft: draft.id, captureSeq: seq, sha256: digest(bytes), sizeBytes: bytes.length, count: draft.photos.length };
  }

  image(seq: number): Buffer | undefined {
    return this.images.get(seq);
  }

  private draft(id: string): DraftView {
    const found = this.drafts.get(id);
    if (!found) throw new Refusal('not-found');
    return found;
  }

  private packet(id: string): Sealed {
    const found = this.packets.find((one) => one.view.summary.id === id);
    if (!found) throw new Refusal('not-found');
    return found;
  }

  private open(kind: string, supplements: string | null): DraftView {
    const id = `0193${String(this.drafts.size + this.packets.length).padStart(4, '0')}-7abc-7000-8000-000000000000`;
    const draft: DraftView = {
      id,
      kind,
      stage: 'open',
      openedAt: new Date().toISOString(),
      supplements,
      photos: [],
      facts: {},
      party: null,
      missingShots: [],
      missingFields: [],
      hidden: { fields: [], shots: [], notes: [] },
      violations: [],
      form: null,
      signatures: [],
      officers: [],
      deviceSeq: null,
      sealedAfter: ago(11),
      seenSize: 48_112,
    };
    this.drafts.set(id, draft);
    this.missing(draft);
    return draft;
  }

  private changed(id: string, change: (draft: DraftView) => void): DraftView {
    const draft = this.draft(id);
    if (draft.stage !== 'open') throw new Refusal('draft-closed');
    change(draft);
    this.missing(draft);
    return { ...draft, photos: [...draft.photos] };
  }

  private missing(draft: DraftView): void {
    const form = this.forms.find((one) => one.kind === draft.kind);
    const holds = (rule: { field: string; anyOf: string[] } | null): boolean => !rule || rule.anyOf.includes(String(draft.facts[rule.field]));
    const taken = draft.photos.filter((one) => one.voided === null).map((one) => one.shot);
    draft.missingShots = (form?.shots ?? []).filter((shot) => shot.expected && holds(shot.shownIf) && !taken.includes(shot.id)).map((shot) => shot.id);
    const asked = [...(form?.common ?? []), ...(form?.fields ?? []).filter((field) => field.expected)];
    draft.missingFields = asked.filter((field) => holds(field.shownIf) && draft.facts[field.id] === undefined).map((field) => field.id);
  }

  private seal(id: string): PacketView {
    const draft = this.draft(id);
    if (draft.signatures.length === 0) throw new Refusal('no-signature');
    this.drafts.delete(id);
    const total = draft.photos.reduce((sum, one) => sum + one.sizeBytes, 20_000);
    const at = new Date().toISOString();
    const seq = this.state.device?.nextSeq ?? 1;
    if (this.state.device) this.state.device.nextSeq = seq + 1;
    const who = (index: number): string | null => this.state.officers.find((one) => one.id === draft.signatures[index]?.officer)?.name ?? null;
    const line = (event: string, when: string, actor: string | null, more: Partial<CustodyView> = {}): CustodyView => ({ at: when, event, actor, params: {}, afterSeal: false, pending: false, ...more });
    const custody = [
      line('opened', draft.openedAt, 'device'),
      ...draft.photos.map((one) => line('captured', one.capturedAt, who(0))),
      line('described', at, who(0)),
      line('party', at, who(0)),
      line('closed', at, 'device'),
      ...draft.signatures.map((one, index) => line('signed', one.signedAt, who(index))),
      line('sealed', at, 'device'),
      ...['received', 'logged', 'safe', 'reviewed'].map((event) => line(event, '', event === 'safe' ? 'device' : 'server', { afterSeal: true, pending: true })),
    ];
    const view: PacketView = {
      summary: {
        id,
        kind: draft.kind,
        title: typeof draft.facts['address'] === 'string' ? draft.facts['address'] : null,
        photos: draft.photos.length,
        sizeBytes: total,
        sealedAt: at,
        cover: draft.photos.find((one) => one.preview)?.captureSeq ?? null,
        state: 'queued',
        reason: null,
        stateAt: null,
        reclaimedAt: null,
      },
      deviceSeq: seq,
      packetDigest: digest(id),
      photos: draft.photos.map((one, index) => ({ ...one, number: index + 1 })),
      facts: draft.facts,
      party: draft.party,
      signatures: draft.signatures,
      custody,
      leafIndex: null,
      receivedAt: null,
      sealedAfter: draft.sealedAfter,
      loggedBefore: null,
      decisions: [],
      supplements: draft.supplements,
      rechecked: null,
      form: null,
    };
    this.packets.unshift({ view, sent: 0, total, cause: null });
    return view;
  }

  private uploads(): UploadsView {
    const safe = this.packets.filter((one) => !unsafe(one));
    return {
      held: this.held,
      online: this.state.online,
      unsafePackets: this.packets.filter(unsafe).map((one) => ({
        packet: one.view.summary,
        sentBytes: one.sent,
        totalBytes: one.total,
        bytesPerS: one.view.summary.state === 'uploading' ? BYTES_A_TICK : null,
        left: one.view.summary.state === 'uploading' ? { leastS: 60, mostS: 150 } : null,
        turn: one.cause ? null : 1,
        deadline: null,
        paused: false,
        attempts: one.cause ? 4 : 1,
        nextTryAt: null,
        cause: this.state.online ? one.cause : (one.cause ?? 'offline'),
      })),
      safeRecent: safe.map((one) => one.view.summary),
      safeTotal: safe.length,
      unsafeTotal: this.packets.filter(unsafe).length,
      leftBytes: this.packets.reduce((sum, one) => sum + one.total - one.sent, 0),
      left: null,
      link: this.state.online ? null : 'offline',
      waits: null,
      page: 0,
      reclaimedTotal: 0,
      retention: { keepDays: 7, by: 'default', held: null },
    };
  }

  private tick(): void {
    if (this.held || !this.state.online) return;
    const moving = this.packets.find((one) => ['queued', 'uploading', 'received'].includes(one.view.summary.state));
    if (!moving) return;
    const { summary, custody } = moving.view;
    if (summary.state === 'received') {
      summary.state = 'safe';
      moving.view.leafIndex = 48_213;
      moving.view.loggedBefore = new Date(Date.now() + 90_000).toISOString();
      for (const one of custody) if (one.event === 'logged' || one.event === 'safe') reach(one);
    } else if (moving.sent < moving.total) {
      summary.state = 'uploading';
      moving.sent = Math.min(moving.total, moving.sent + BYTES_A_TICK);
    } else {
      summary.state = 'received';
      for (const one of custody) if (one.event === 'received') reach(one);
    }
  }

  private counted(): StateView {
    const waiting = this.packets.filter(unsafe);
    return {
      ...this.state,
      officers: this.state.officers.map((one) => ({ ...one, name: this.state.locked ? null : one.name })),
      drafts: this.drafts.size,
      unsafePackets: waiting.length,
      unsafePhotos: waiting.reduce((sum, one) => sum + one.view.photos.length, 0),
      unsafeBytes: waiting.reduce((sum, one) => sum + one.total, 0),
      tasks: this.packets.filter((one) => one.view.summary.state === 'returned').length,
      wedged: waiting.filter((one) => one.view.summary.state === 'wedged').length,
    };
  }

  private enrol(): void {
    Object.assign(this.state, { enrolled: true, locked: false, device: device(), officers: [officer(0), officer(1)], onDuty: ['o-1', 'o-2'] });
  }

  /** A morning's work: one draft, packets in every state. */
  private patrol(): void {
    const photos = samplePhotos();
    const make = (kind: string, address: string, count: number): DraftView => {
      const draft = this.open(kind, null);
      const shots = this.forms.find((one) => one.kind === kind)?.shots ?? [];
      for (let i = 0; i < count; i++) this.capture(photos[(i + this.packets.length) % photos.length] ?? Buffer.alloc(0), { draft: draft.id, shot: shots[i]?.id ?? shots[0]?.id ?? '' });
      draft.facts['address'] = address;
      this.missing(draft);
      return draft;
    };
    const sealed = (kind: string, address: string, count: number, state: string, reason: string | null = null): void => {
      const draft = make(kind, address, count);
      draft.party = { presence: 'refused', name: null, note: 'informed-refused' };
      draft.signatures = [
        { officer: 'o-1', signedAt: ago(61) },
        { officer: 'o-2', signedAt: ago(60) },
      ];
      this.seal(draft.id);
      const made = this.packets[0];
      if (!made) return;
      Object.assign(made.view.summary, { state, reason, sealedAt: ago(60 * this.packets.length) });
      made.cause = state === 'wedged' ? 'key-unknown' : null;
      if (state !== 'queued') made.sent = made.total;
      if (state === 'wedged') return;
      if (state !== 'queued') for (const one of made.view.custody) if (one.pending && one.event !== 'reviewed') reach(one);
    };
    sealed('billboard', '新闸路1124弄支架', 3, 'returned', '请补拍许可证');
    sealed('group-rental', '余姚路288弄9号', 5, 'accepted');
    sealed('billboard', '北京西路1399号广告牌', 4, 'safe');
    sealed('billboard', '江宁路838号屋顶广告牌', 5, 'wedged');
    sealed('group-rental', '康定路979弄6号502室', 6, 'queued');
    sealed('illegal-structure', '昌平路1086号屋顶', 5, 'queued');
    make('illegal-structure', '昌平路1064弄2号天井', 5);
    this.state.online = process.env['OFFLINE'] === undefined;
  }
}

const unsafe = (one: Sealed): boolean => ['queued', 'uploading', 'received', 'wedged'].includes(one.view.summary.state);

function reach(line: CustodyView): void {
  line.pending = false;
  line.at = new Date().toISOString();
}

function photo(draft: DraftView, seq: number): PhotoView {
  const found = draft.photos.find((one) => one.captureSeq === seq);
  if (!found) throw new Refusal('not-found');
  return found;
}

function samplePhotos(): Buffer[] {
  const dir = process.env['PHOTOS'];
  if (!dir) return [Buffer.from('no photos given')];
  return readdirSync(dir)
    .filter((name) => name.toLowerCase().endsWith('.jpg'))
    .map((name) => readFileSync(`${dir}/${name}`));
}

function cosigned(): unknown {
  const one = (minutes: number, title: string | null, compare: string, captures: string) => ({
    packet: '01a20610-b158-7031-b233-343536373839',
    textSha256: digest(Buffer.from(captures)),
    officer: '31-061-0207',
    title,
    items: 6,
    captures,
    closedAt: ago(minutes + 1),
    compare,
    signedAt: ago(minutes),
  });
  return [one(12, '江宁路 1022 弄 3 号 1102 室', '7F2C 90AB', '3341-3346'), one(1440, null, '0C11 D4E8', '871-876')];
}

function blank(): StateView {
  return {
    enrolled: false,
    locked: true,
    problem: null,
    device: null,
    officers: [],
    onDuty: [],
    unlockedBy: null,
    online: true,
    contactAgeS: process.env['CONTACT'] === 'quiet' ? 600 : 4,
    lastServerAt: ago(900),
    clockOffsetMs: 400,
    unsafePackets: 0,
    unsafeOldestAt: null,
    unsafePhotos: 0,
    unsafeBytes: 0,
    drafts: 0,
    tasks: 0,
    wedged: 0,
    fix: { accuracyM: 4, ageS: 3 },
    noFixReason: null,
    recoveredPhotos: null,
    capture: { ready: true, reason: null },
    freeBytes: 41_600_000_000,
    battery: 0.82,
    language: process.env['LANGUAGE_OF_SCREEN'] ?? 'zh',
    theme: process.env['THEME'] ?? 'light',
    autoLockMin: 10,
    uploadRules: { wifiOnly: false, whileRoaming: false, told: false },
    uploadsWait: null,
    retiredAt: null,
    order: null,
    challenge: '春山 7K3Q',
    version: '0.1.0',
    forms: '',
  };
}

function device(): StateView['device'] {
  return {
    id: 'jn-t-014',
    origin: 'evidence.example.gov.cn',
    server: 'https://evidence.example.gov.cn',
    team: '江宁路街道综合行政执法队',
    nextSeq: 1198,
    fingerprint: digest('device'),
    keyStore: 'wrapped-file',
  };
}

function officer(index: number): OfficerView {
  const names = ['周敏', '陆一鸣', '许诺'];
  return { id: `o-${index + 1}`, name: names[index] ?? '王青', badge: `09082${31 + index * 11}`, team: null, enrolled: true, waitS: 0 };
}

function checks(state: StateView): CheckView[] {
  const check = (code: string, level: string, sentence: string, params: Record<string, string> = {}): CheckView => ({
    code,
    level,
    sentence,
    params,
    act: level === 'look' ? 'connect' : null,
  });
  return [
    check('battery', 'ok', 'ok', { percent: '82' }),
    check('storage', 'ok', 'ok', { free_gb: '41.6', photos: '7900' }),
    check('clock', 'ok', 'ok', { seconds: '0' }),
    check('location', 'ok', 'ok', { accuracy_m: '4', age_s: '3' }),
    check('keys', 'ok', 'ok', { officers: String(state.officers.length) }),
    check('map', 'unsupported', 'none'),
    check('checkpoint', 'look', 'old', { at: ago(900), hours: '15' }),
  ];
}
