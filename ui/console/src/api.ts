/** The one file that talks to the server. Same origin only; the session is a cookie that scripts can't read. */

import type {
  CodeView,
  DecisionRequest,
  OrderWhat,
  PacketDetail,
  PacketPage,
  Problem,
  QuarantineView,
  QueueName,
  RevokeReason,
  Session,
  TabletEnded,
  TabletList,
  TabletOfficer,
  Verdict,
} from './wire';

const BASE = '/api/v1';
const PATIENCE_MS = 30_000;

/** What went wrong, by the server's stable code; `offline` when there was no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(code);
  }
}

let csrf = '';

async function problemOf(answer: Response): Promise<ApiError> {
  const wait = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(wait) ? wait : null;
  try {
    const body = (await answer.json()) as Partial<Problem>;
    if (typeof body.code === 'string') return new ApiError(body.code, answer.status, retryAfter);
  } catch {
    // No problem body: a proxy in between, most likely. The status still says something.
  }
  return new ApiError(answer.status === 401 ? 'unauthenticated' : 'internal', answer.status, retryAfter);
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-Fieldseal-Csrf'] = csrf;
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let answer: Response;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError('offline', 0);
  }
  if (!answer.ok) throw await problemOf(answer);
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

function remember(session: Session): Session {
  csrf = session.csrf;
  return session;
}

/** The session that the cookie stands for. */
export async function currentSession(): Promise<Session> {
  return remember(await ask<Session>('GET', '/session'));
}

export async function signIn(account: string, password: string): Promise<Session> {
  return remember(await ask<Session>('POST', '/session', { account, password }));
}

export async function signOut(): Promise<void> {
  await ask<unknown>('DELETE', '/session');
  csrf = '';
}

export interface PacketQuery {
  queue: QueueName;
  verdict: Verdict | null;
  q: string;
  page: number;
}

function listed(query: Omit<PacketQuery, 'page'>): URLSearchParams {
  const params = new URLSearchParams({ queue: query.queue });
  if (query.verdict !== null) params.set('verdict', query.verdict);
  if (query.q !== '') params.set('q', query.q);
  return params;
}

export function packets(query: PacketQuery, signal?: AbortSignal): Promise<PacketPage> {
  const params = listed(query);
  params.set('page', String(query.page));
  return ask<PacketPage>('GET', `/review/packets?${params.toString()}`, undefined, signal);
}

function packetPath(id: string): string {
  return `/review/packets/${encodeURIComponent(id)}`;
}

export function packet(id: string, signal?: AbortSignal): Promise<PacketDetail> {
  return ask<PacketDetail>('GET', packetPath(id), undefined, signal);
}

/** The zip itself: to be verified, never to be shown. */
export function zipBlob(id: string, signal: AbortSignal): Promise<Blob> {
  return blobAt(zipUrl(id), signal);
}

/** What the server would hand over of the packet, without its report. */
export function exportBlob(id: string, signal: AbortSignal): Promise<Blob> {
  return blobAt(exportUrl(id, 'none'), signal);
}

/** What the deployment publishes as its trust anchors. */
export async function trustFile(signal: AbortSignal): Promise<Uint8Array> {
  return new Uint8Array(await (await blobAt('/trust', signal)).arrayBuffer());
}

async function blobAt(url: string, signal: AbortSignal): Promise<Blob> {
  let answer: Response;
  try {
    answer = await fetch(url, { credentials: 'same-origin', cache: 'no-store', signal });
    if (answer.ok) return await answer.blob();
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiError('offline', 0);
  }
  throw await problemOf(answer);
}

export async function decide(id: string, request: DecisionRequest): Promise<void> {
  await ask<unknown>('POST', `${packetPath(id)}/decision`, request);
}

export function quarantine(signal?: AbortSignal): Promise<QuarantineView[]> {
  return ask<QuarantineView[]>('GET', '/review/quarantine', undefined, signal);
}

export function tablets(signal?: AbortSignal): Promise<TabletList> {
  return ask<TabletList>('GET', '/admin/devices', undefined, signal);
}

export function officers(signal?: AbortSignal): Promise<TabletOfficer[]> {
  return ask<TabletOfficer[]>('GET', '/admin/people', undefined, signal);
}

/** A one-time code: for a tablet, or for an officer's key on one. */
export function makeCode(request: { url: string; team: string | null; officer: string | null }): Promise<CodeView> {
  return ask<CodeView>('POST', '/admin/codes', request);
}

function tabletPath(id: string): string {
  return `/admin/devices/${encodeURIComponent(id)}`;
}

export function retireTablet(id: string): Promise<TabletEnded> {
  return ask<TabletEnded>('POST', `${tabletPath(id)}/retire`, {});
}

/** Its key, and those of the officers on it. */
export function revokeTablet(id: string, reason: RevokeReason): Promise<TabletEnded> {
  return ask<TabletEnded>('POST', `${tabletPath(id)}/revoke`, { reason });
}

/** Ends it; gives the code of the one that takes over. Without a reason it is retired. */
export function replaceTablet(id: string, reason: RevokeReason | null, url: string): Promise<CodeView> {
  return ask<CodeView>('POST', `${tabletPath(id)}/replace`, { reason, url });
}

/** Told with its next heartbeat. To empty itself it is retired by this. */
export async function orderTablet(id: string, what: OrderWhat): Promise<void> {
  await ask<unknown>('POST', `${tabletPath(id)}/order`, { what });
}

export async function alarmsSeen(id: string): Promise<void> {
  await ask<unknown>('POST', `${tabletPath(id)}/alarms/seen`, {});
}

/** A re-encoded JPEG: originals are never shown from this origin. */
export function previewUrl(id: string, item: number, width: 320 | 1600): string {
  return `${BASE}${packetPath(id)}/items/${String(item)}/preview?w=${String(width)}`;
}

export function zipUrl(id: string): string {
  return `${BASE}${packetPath(id)}/zip`;
}

/** One packet's export; its report, and stamped copies if asked for, in this language; redacted copies of what `redact` names. */
export function exportUrl(id: string, lang: string, stamped = false, redact = ''): string {
  return `${BASE}${packetPath(id)}/export?lang=${lang}${stamped ? '&stamped=true' : ''}${redact ? `&redact=${encodeURIComponent(redact)}` : ''}`;
}

/** The exports of all that a list shows, in one zip. */
export function exportsUrl(query: Omit<PacketQuery, 'page'>, lang: string): string {
  return `${BASE}/review/exports?${listed(query).toString()}&lang=${lang}`;
}
