/** One opened packet: what the server says of it, which photo is shown, what is unfolded, and the decision being made. */

import type { Report } from '@fieldseal/verifier/report.ts';
import { exportBlob, packet as fetchPacket, trustFile, zipBlob } from '../api';
import { problemSentence, shared, t } from '../i18n';
import { type Beside, beside, verified } from '../recheck/beside';
import { agrees, recheck, type Recheck } from '../recheck/recheck';
import type { Decision, ItemView, PacketDetail } from '../wire';
import { announce } from './live.svelte';
import { pending } from './pending.svelte';
import { go } from './place.svelte';
import { account } from './session.svelte';

/** Larger zips are not taken into a browser's memory. */
const MOST_BYTES = 1_000_000_000;

/** What this browser finds itself: not asked for, under way, or done. */
export type Own = { at: 'idle' } | { at: 'busy'; done: number } | { at: 'stopped'; why: string } | { at: 'done'; found: Recheck; beside: Beside; agrees: boolean };

/** What this browser finds of the packet's export: receipt, proofs, tokens and all. */
export type OwnExport = { at: 'idle' } | { at: 'busy'; done: number } | { at: 'stopped'; why: string } | { at: 'done'; report: Report };

/** Decisions that open the dialog for a reason. */
export type Reasoned = Exclude<Decision, 'legal-review'>;

export class Opened {
  packet = $state<PacketDetail | null>(null);
  problem = $state('');
  /** Number of the photo in the viewer. */
  shown = $state(1);
  full = $state(false);
  allFindings = $state(false);
  custody = $state(false);
  own = $state<Own>({ at: 'idle' });
  ownExport = $state<OwnExport>({ at: 'idle' });
  /** The decision whose reason is being asked for. */
  asking = $state<Reasoned | null>(null);

  private readonly ending = new AbortController();

  constructor(readonly id: string) {}

  /** Left: what is still under way is given up. */
  close(): void {
    this.ending.abort();
  }

  get item(): ItemView | undefined {
    return this.packet?.items.find((item) => item.number === this.shown) ?? this.packet?.items[0];
  }

  /** Accepted, returned or refused: nothing more to decide. */
  get isFinal(): boolean {
    const made = this.packet?.summary.decision ?? null;
    return made !== null && made !== 'legal-review';
  }

  /** Whether something in the export is wrong that the server says is not. */
  private get exportContradicts(): boolean {
    return this.ownExport.at === 'done' && this.ownExport.report.verdict === 'failed' && this.packet?.summary.verdict !== 'failed';
  }

  /** Why nothing can be decided here, in one sentence; null when it can. */
  get closed(): string | null {
    if (pending.has(this.id)) return t('decide.waiting');
    if ((this.own.at === 'done' && !this.own.agrees) || this.exportContradicts) return t('own.locked');
    const made = this.packet?.summary.decision;
    if (made && this.isFinal) return t('decide.made', { what: shared.t(`state.${made}`) });
    if (!account.decides) return t('decide.only-look');
    return this.packet?.leaf_index === null ? t('decide.unlogged') : null;
  }

  async load(): Promise<void> {
    try {
      const packet = await fetchPacket(this.id, this.ending.signal);
      this.shown = packet.items.find((item) => item.preview && item.voided === null)?.number ?? 1;
      this.packet = packet;
      const verdict = shared.lookup(`verdict.${packet.summary.verdict}`) ?? '';
      announce(t('packet.opened', { title: packet.summary.title, verdict }));
    } catch (cause) {
      if (!this.ending.signal.aborted) this.problem = problemSentence(account.noticed(cause));
    }
  }

  /** Fetches the zip and verifies it here, beside what the server has found. */
  async recheck(): Promise<void> {
    const packet = this.packet;
    if (!packet || this.own.at === 'busy') return;
    // Browsers offer digests over HTTPS and on this very machine only.
    const why = !isSecureContext ? t('own.insecure') : packet.zip_size > MOST_BYTES ? t('own.too-large') : null;
    this.own = why === null ? { at: 'busy', done: 0 } : { at: 'stopped', why };
    if (why !== null) return;
    try {
      const { signal } = this.ending;
      const [zip, trust] = await Promise.all([zipBlob(this.id, signal), trustFile(signal)]);
      let done = 0;
      const onbytes = (bytes: number): void => {
        done += bytes;
        this.own = { at: 'busy', done: Math.min(1, done / Math.max(1, zip.size)) };
      };
      const second = await beside(zip, `packet-${this.id}.zip`, trust, packet.findings, { onbytes, signal });
      const found = await recheck(new Uint8Array(await zip.arrayBuffer()), packet);
      const same = second.onlyBrowser.length + second.onlyServer.length === 0;
      this.own = { at: 'done', found, beside: second, agrees: same && agrees(found, packet.findings) };
    } catch (cause) {
      if (!this.ending.signal.aborted) this.own = { at: 'stopped', why: problemSentence(account.noticed(cause)) };
    }
  }

  /** Fetches the export and verifies the whole of it here. The server's custody log will say that it was exported. */
  async recheckExport(): Promise<void> {
    if (!this.packet || this.ownExport.at === 'busy') return;
    const why = this.packet.zip_size > MOST_BYTES ? t('own.too-large') : null;
    this.ownExport = why === null ? { at: 'busy', done: 0 } : { at: 'stopped', why };
    if (why !== null) return;
    try {
      const { signal } = this.ending;
      const [zip, trust] = await Promise.all([exportBlob(this.id, signal), trustFile(signal)]);
      let done = 0;
      const onbytes = (bytes: number): void => {
        done += bytes;
        this.ownExport = { at: 'busy', done: Math.min(1, done / Math.max(1, 2 * zip.size)) };
      };
      this.ownExport = { at: 'done', report: await verified(zip, `evidence-${this.id}.zip`, trust, { onbytes, signal }) };
    } catch (cause) {
      if (!this.ending.signal.aborted) this.ownExport = { at: 'stopped', why: problemSentence(account.noticed(cause)) };
    }
  }

  show(number: number): void {
    if (this.packet?.items.some((item) => item.number === number)) this.shown = number;
  }

  toNext(): void {
    this.step(this.packet?.next, t('packet.last'));
  }

  toPrevious(): void {
    this.step(this.packet?.previous, t('packet.first'));
  }

  /** The next open packet, or the list when there is none. */
  onward(): void {
    if (this.packet?.next) go({ at: 'packet', id: this.packet.next });
    else go({ at: 'queue', queue: 'open' });
  }

  /** Returning and refusing need a reason; so does accepting what a finding contradicts. */
  decide(decision: Decision): void {
    if (!this.packet || this.closed !== null) return;
    const contradicted = this.packet.findings.some((finding) => finding.level === 'failed');
    if (decision === 'returned' || decision === 'refused' || (decision === 'accepted' && contradicted)) this.asking = decision;
    else this.settle(decision, null);
  }

  /** The reason is given: the decision waits its five seconds, and the next packet opens. */
  settle(decision: Decision, reason: string | null): void {
    if (!this.packet) return;
    this.asking = null;
    const title = this.packet.summary.title;
    pending.put({ id: this.id, title, decision, reason, packetDigest: this.packet.packet_digest });
    announce(t('undo.waiting', { what: shared.t(`state.${decision}`), title }));
    this.onward();
  }

  private step(to: string | null | undefined, end: string): void {
    if (to) go({ at: 'packet', id: to });
    else announce(end);
  }
}
