/** A video or a voice note on its way into the vault: what the web view's recorder gives is handed over piece by piece, about
 *  once a second, and counts when the engine has said that it is durable. Only the newest pieces are ever held here. */

import type { CaptureView, RecordingArgs, RecordingView } from '@fieldseal/shared/bindings.ts';
import { call, Problem, recordPiece } from '../../host.ts';
import { cameraSettings } from './settings.svelte.ts';

export type Source = 'camera' | 'microphone';
type Ended = 'stopped' | 'time-limit' | 'size-limit' | 'no-room' | 'device-lost';

const PIECE_MS = 1000;
/** Pieces held at most; a disk that falls behind by more ends the recording in good order. */
const MOST_HELD_BYTES = 48 << 20;
/** In the order of wishing; a web view takes the first that it can make. */
const TYPES: Record<Source, string[]> = {
  camera: ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'],
  microphone: ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/webm', 'audio/mp4'],
};
const BITS_A_SECOND: Record<Source, MediaRecorderOptions> = {
  camera: { videoBitsPerSecond: 8_000_000, audioBitsPerSecond: 96_000 },
  microphone: { audioBitsPerSecond: 64_000 },
};

/** The type that this web view records, or none: then there is no recording here. */
export function recordedType(source: Source): string | undefined {
  if (!('MediaRecorder' in window) || !('mediaDevices' in navigator)) return undefined;
  return TYPES[source].find((type) => MediaRecorder.isTypeSupported(type));
}

export class Recorder {
  /** What is being recorded; `null` when nothing is. */
  source = $state<Source | null>(null);
  /** Between the tap and the first sound or picture, and between the end and its being stored. */
  settling = $state(false);
  seconds = $state(0);
  /** Bytes that are durable. */
  stored = $state(0);
  /** It has no sound, since there is no microphone or it is not allowed. */
  silent = $state(false);
  /** What ended it, if not the officer. */
  ended = $state<Ended | null>(null);
  failure = $state.raw<Problem | null>(null);

  private id = '';
  private recorder: MediaRecorder | undefined;
  private own: MediaStream | undefined;
  private readonly pieces: Blob[] = [];
  private held = 0;
  private offset = 0;
  private running: Promise<void> = Promise.resolve();
  private why: Ended = 'stopped';
  private clock: ReturnType<typeof setInterval> | undefined;

  private readonly ondone: (answer: CaptureView) => void;

  constructor(ondone: (answer: CaptureView) => void) {
    this.ondone = ondone;
  }

  get busy(): boolean {
    return this.source !== null;
  }

  /** `picture` is the camera's own stream; a voice note has none. */
  async start(source: Source, args: Omit<RecordingArgs, 'source' | 'limitS'>, picture?: MediaStream): Promise<void> {
    if (this.busy) return;
    Object.assign(this, { source, settling: true, seconds: 0, stored: 0, silent: false, ended: null, failure: null, offset: 0, held: 0, why: 'stopped' });
    try {
      const type = recordedType(source);
      if (!type) throw new Problem({ code: 'no-recorder', message: 'no-recorder', retriable: false, params: {} });
      const stream = await this.streamOf(source, picture);
      const begun = await call<RecordingView>({ do: 'record-begin', args: { ...args, source, limitS: cameraSettings.minutes * 60 } });
      this.id = begun.id;
      this.roll(new MediaRecorder(stream, { mimeType: type, ...BITS_A_SECOND[source] }));
      this.settling = false;
    } catch (thrown) {
      this.failure = thrown instanceof DOMException ? microphoneProblem(thrown) : Problem.from(thrown);
      this.rest();
    }
  }

  stop(why: Ended = 'stopped'): void {
    if (!this.recorder || this.recorder.state === 'inactive') return;
    this.why = why;
    if (why !== 'stopped') this.ended = why;
    this.settling = true;
    this.recorder.stop();
  }

  private async streamOf(source: Source, picture?: MediaStream): Promise<MediaStream> {
    const tracks = picture?.getVideoTracks() ?? [];
    try {
      this.own = await navigator.mediaDevices.getUserMedia({ audio: true, video: false });
      tracks.push(...this.own.getAudioTracks());
    } catch (thrown) {
      // A video without sound is evidence still, and says that it has none; a voice note without a voice is not.
      if (source === 'microphone') throw thrown;
      this.silent = true;
    }
    return new MediaStream(tracks);
  }

  private roll(recorder: MediaRecorder): void {
    this.recorder = recorder;
    recorder.ondataavailable = ({ data }) => this.take(data);
    recorder.onerror = () => this.stop('device-lost');
    recorder.onstop = () => void this.finish();
    for (const track of recorder.stream.getTracks()) track.addEventListener('ended', () => this.stop('device-lost'), { once: true });
    const begun = performance.now();
    this.clock = setInterval(() => {
      this.seconds = Math.floor((performance.now() - begun) / 1000);
      if (this.seconds >= cameraSettings.minutes * 60) this.stop('time-limit');
    }, 250);
    recorder.start(PIECE_MS);
  }

  private take(piece: Blob): void {
    if (piece.size === 0) return;
    this.pieces.push(piece);
    this.held += piece.size;
    if (this.held > MOST_HELD_BYTES) this.stop('no-room');
    this.running = this.running.then(() => this.handOver());
  }

  private async handOver(): Promise<void> {
    const piece = this.pieces.shift();
    if (!piece || this.failure) return;
    try {
      const answer = await recordPiece(piece, { recording: this.id, offset: this.offset });
      this.offset += piece.size;
      this.stored = answer.storedBytes;
      if (answer.stop) this.stop(answer.stop as Ended);
    } catch (thrown) {
      this.failure = Problem.from(thrown);
      this.stop('no-room');
    } finally {
      this.held -= piece.size;
    }
  }

  private async finish(): Promise<void> {
    await this.running;
    const failed = this.failure;
    try {
      this.ondone(await call<CaptureView>({ do: 'record-finish', id: this.id, ended: this.why }));
    } catch (thrown) {
      this.failure = failed ?? Problem.from(thrown);
    }
    this.rest();
  }

  private rest(): void {
    clearInterval(this.clock);
    for (const track of this.own?.getTracks() ?? []) track.stop();
    this.own = undefined;
    this.recorder = undefined;
    this.pieces.length = 0;
    this.settling = false;
    this.source = null;
  }
}

function microphoneProblem(thrown: DOMException): Problem {
  const code = thrown.name === 'NotAllowedError' || thrown.name === 'SecurityError' ? 'microphone-denied' : 'no-microphone';
  return new Problem({ code, message: code, retriable: true, params: {} });
}

/** 75 → 1:15. */
export function clockOf(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
