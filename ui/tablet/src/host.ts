/** The engine, wherever it runs: in the Tauri window, or behind the loopback host that tests drive with a browser.
 *  No other file knows which. */

import type { CaptureArgs, CaptureView, PieceArgs, ProblemView, RecordingView, Request, ScanView } from '@fieldseal/shared/bindings.ts';
import { convertFileSrc, invoke } from '@tauri-apps/api/core';

/** What could not be done. `code` is stable; the catalogue has a sentence for each. */
export class Problem extends Error {
  readonly code: string;
  readonly retriable: boolean;
  readonly params: Record<string, string>;

  constructor(view: Pick<ProblemView, 'code' | 'message' | 'retriable' | 'params'>) {
    super(view.message);
    this.code = view.code;
    this.retriable = view.retriable;
    this.params = view.params;
  }

  /** Anything thrown, as a problem. */
  static from(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    if (isView(thrown)) return new Problem({ ...thrown, params: thrown.params ?? {}, retriable: thrown.retriable ?? false });
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new Problem({ code: 'host-unreachable', message, retriable: true, params: {} });
  }
}

type LooseView = Pick<ProblemView, 'code' | 'message'> & Partial<ProblemView>;

function isView(value: unknown): value is LooseView {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}

const inTauri = '__TAURI_INTERNALS__' in window;

/** Asks the engine; throws a [`Problem`]. */
export async function call<T>(request: Request): Promise<T> {
  try {
    if (inTauri) return await invoke<T>('call', { request });
    return (await fetched('/call', JSON.stringify(request), 'application/json')) as T;
  } catch (thrown) {
    throw Problem.from(thrown);
  }
}

/** Hands over a photo's bytes as they came. When it answers, they are durable. */
export async function capture(photo: Blob, args: CaptureArgs): Promise<CaptureView> {
  try {
    if (!inTauri) return (await fetched(`/capture?${query(args)}`, photo, 'application/octet-stream')) as CaptureView;
    const headers: Record<string, string> = { 'x-fieldseal-source': args.source };
    if (args.draft) headers['x-fieldseal-draft'] = args.draft;
    if (args.kind) headers['x-fieldseal-kind'] = args.kind;
    if (args.shot) headers['x-fieldseal-shot'] = args.shot;
    if (args.originalName) headers['x-fieldseal-original-name'] = encodeURIComponent(args.originalName);
    if (args.follows) headers['x-fieldseal-follows'] = String(args.follows);
    if (args.mark) headers['x-fieldseal-mark'] = args.mark;
    return await invoke<CaptureView>('capture', new Uint8Array(await photo.arrayBuffer()), { headers });
  } catch (thrown) {
    throw Problem.from(thrown);
  }
}

/** Hands over the next bytes of a recording. When it answers, they are durable. */
export async function recordPiece(piece: Blob, args: PieceArgs): Promise<RecordingView> {
  try {
    const query = new URLSearchParams({ recording: args.recording, offset: String(args.offset) });
    if (!inTauri) return (await fetched(`/record?${query}`, piece, 'application/octet-stream')) as RecordingView;
    const headers = { 'x-fieldseal-recording': args.recording, 'x-fieldseal-offset': String(args.offset) };
    return await invoke<RecordingView>('record', new Uint8Array(await piece.arrayBuffer()), { headers });
  } catch (thrown) {
    throw Problem.from(thrown);
  }
}

/** What a platform may have of its own. */
type Native =
  | { do: 'state' | 'open' | 'close' }
  | { do: 'take'; args: CaptureArgs }
  | { do: 'torch'; on: boolean }
  | { do: 'zoom'; ratio: number }
  | { do: 'state' | 'forget'; officer: string }
  | { do: 'keep'; officer: string; pin: string; prompt: { title: string; cancel: string } }
  | { do: 'unlock'; officer: string; prompt: { title: string; cancel: string } };

/** Asks the platform's own camera, or its biometrics; where it has none, a [`Problem`] with the code `unsupported`. */
export async function native<T>(what: 'camera' | 'biometric', request: Native): Promise<T> {
  try {
    if (inTauri) return await invoke<T>(what, { request });
    return (await fetched(`/native/${what}`, JSON.stringify(request), 'application/json')) as T;
  } catch (thrown) {
    throw Problem.from(thrown);
  }
}

/** Hands over a picture's brightness, row by row: does it show an enrolment code? */
export async function scan(luma: Uint8Array<ArrayBuffer>, width: number): Promise<ScanView> {
  try {
    if (!inTauri) return (await fetched(`/scan?width=${String(width)}`, luma, 'application/octet-stream')) as ScanView;
    return await invoke<ScanView>('scan', luma, { headers: { 'x-fieldseal-width': String(width) } });
  } catch (thrown) {
    throw Problem.from(thrown);
  }
}

/** Address of a video or voice note, part by part, for a player; only while unlocked. */
export function mediaUrl(captureSeq: number): string {
  const path = `media/${captureSeq}`;
  return inTauri ? convertFileSrc(path, 'evidence') : `/evidence/${path}`;
}

/** Address of a re-encoded derivative, for `<img>`; originals of photos never come to the screen. */
export function imageUrl(kind: 'thumb' | 'preview', captureSeq: number): string {
  const path = `${kind}/${captureSeq}`;
  return inTauri ? convertFileSrc(path, 'evidence') : `/evidence/${path}`;
}

/** Bytes of the offline map, `to` left out. */
export async function tiles(from: number, to: number): Promise<ArrayBuffer> {
  const piece = `${String(from)}-${String(to)}`;
  const response = await fetch(inTauri ? convertFileSrc(piece, 'tiles') : `/tiles/${piece}`);
  if (!response.ok) throw new Problem({ code: 'unreadable', message: 'unreadable', retriable: false, params: {} });
  return response.arrayBuffer();
}

function query(args: CaptureArgs): URLSearchParams {
  const given = Object.entries(args).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

async function fetched(path: string, body: BodyInit, type: string): Promise<unknown> {
  const response = await fetch(path, { method: 'POST', body, headers: { 'content-type': type } });
  const answer: unknown = await response.json();
  if (!response.ok) throw Problem.from(answer);
  return answer;
}
