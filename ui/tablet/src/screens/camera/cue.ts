/** Heard and felt: a photo is stored. Never at the tap: what is not durable is not told of. */

import { cameraSettings } from './settings.svelte.ts';

const TOUCH_MS = 30;
const SOUND_S = 0.07;
let audio: AudioContext | undefined;

export function storedCue(): void {
  if (cameraSettings.touch && 'vibrate' in navigator) navigator.vibrate(TOUCH_MS);
  if (cameraSettings.sound) click();
}

/** Two short notes, made here: no file, and no web view that lacks a decoder for it. */
function click(): void {
  try {
    audio ??= new AudioContext();
    const [start, tone, loudness] = [audio.currentTime, audio.createOscillator(), audio.createGain()];
    tone.frequency.setValueAtTime(1320, start);
    tone.frequency.setValueAtTime(1760, start + SOUND_S / 2);
    loudness.gain.setValueAtTime(0.12, start);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + SOUND_S);
    tone.connect(loudness).connect(audio.destination);
    tone.start(start);
    tone.stop(start + SOUND_S);
  } catch {
    // A web view without sound: the number on the screen says it as well.
  }
}
