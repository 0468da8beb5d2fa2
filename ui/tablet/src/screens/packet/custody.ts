/** The custody log as the screen tells it: one line for a run of photos, one sentence an event. */

import type { CustodyView } from '@fieldseal/shared/bindings.ts';
import type { IconName } from '@fieldseal/shared/components/icons.ts';
import { lookup, t } from '../../i18n/index.ts';

const iconsByEvent: Record<string, IconName> = {
  opened: 'file-plus',
  captured: 'camera',
  'captured-video': 'video',
  'captured-sound': 'microphone',
  'captured-drawing': 'pencil',
  described: 'pencil',
  shot: 'image',
  voided: 'ban',
  party: 'user',
  'given-up': 'ban',
  recovered: 'shield-check',
  reopened: 'undo',
  closed: 'lock',
  signed: 'users',
  sealed: 'stamp',
  queued: 'queued',
  uploading: 'uploading',
  uploaded: 'uploading',
  received: 'tray',
  logged: 'chain',
  safe: 'shield-check',
  removed: 'disk',
  reviewed: 'eye',
  review: 'eye',
  accepted: 'ring-check',
  returned: 'undo',
  refused: 'ban',
  'legal-review': 'scale',
  'looked-at': 'eye',
  decided: 'scale',
  exported: 'download',
  wedged: 'wrench',
  quarantined: 'wrench',
};

export const custodyIcon = (event: string): IconName => iconsByEvent[event] ?? 'clock';

/** Events that come in runs: shown once, at the last one's time, with how many. */
const runs = new Set(['captured', 'captured-video', 'captured-sound', 'captured-drawing', 'described', 'shot', 'party', 'signed']);
/** Small edits told as one: what matters is who described, and until when. */
const same: Record<string, string> = { shot: 'described', 'kind-changed': 'described' };

/** What was taken in: a photo, a video, a sound recording, or the party's drawing. */
function whatCame({ event, params }: CustodyView): string {
  if (event !== 'captured') return event;
  if (params['source'] === 'party-drawing') return 'captured-drawing';
  if (params['media_type']?.startsWith('video/')) return 'captured-video';
  return params['media_type']?.startsWith('audio/') ? 'captured-sound' : event;
}

export function gathered(lines: CustodyView[]): CustodyView[] {
  const out: (CustodyView & { count: number; actors: string[] })[] = [];
  for (const given of lines) {
    const line = { ...given, event: same[given.event] ?? whatCame(given) };
    const last = out[out.length - 1];
    if (last && runs.has(line.event) && last.event === line.event && last.pending === line.pending) {
      last.count += 1;
      last.at = line.at;
      if (line.actor && !last.actors.includes(line.actor)) last.actors.push(line.actor);
      last.actor = last.actors.join(t('list.comma'));
      last.params = { ...line.params, ...last.params, count: String(last.count) };
    } else {
      out.push({ ...line, params: { count: '1', ...line.params }, count: 1, actors: line.actor ? [line.actor] : [] });
    }
  }
  return out;
}

export function custodyWords(line: CustodyView): { title: string; detail: string } {
  const pending = line.pending ? lookup(`custody.${line.event}.pending`) : undefined;
  const title = pending ?? lookup(`custody.${line.event}`, line.params) ?? line.event;
  const who = line.pending ? '' : actor(line.actor);
  const detail = line.pending ? '' : (lookup(`custody.${line.event}.detail`, line.params) ?? '');
  return { title, detail: [who, detail].filter((part) => part !== '').join(t('list.dot')) };
}

function actor(name: string | null): string {
  if (name === 'device') return t('actor.device');
  if (name === 'server') return t('actor.server');
  return name ?? '';
}
