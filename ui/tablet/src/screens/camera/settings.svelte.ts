/** How the camera screen behaves. Matters of this screen alone, so they are kept here, and remembered. */

const KEY = 'fieldseal.camera';
export const MINUTES = [5, 10, 30, 60] as const;

interface Stored {
  grid: boolean;
  sound: boolean;
  touch: boolean;
  minutes: number;
  own: boolean;
}
const usual: Stored = { grid: true, sound: true, touch: true, minutes: 10, own: false };

function read(): Stored {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return typeof found === 'object' && found !== null ? { ...usual, ...found } : usual;
  } catch {
    return usual;
  }
}

class CameraSettings {
  private now = $state.raw<Stored>(read());

  get grid(): boolean {
    return this.now.grid;
  }
  /** A short sound once a photo is durable. */
  get sound(): boolean {
    return this.now.sound;
  }
  /** A short tremble once a photo is durable. */
  get touch(): boolean {
    return this.now.touch;
  }
  /** The platform's own camera rather than the web view's, where there is one. */
  get own(): boolean {
    return this.now.own;
  }
  /** Longest recording. */
  get minutes(): number {
    return MINUTES.find((one) => one === this.now.minutes) ?? usual.minutes;
  }

  set(change: Partial<Stored>): void {
    this.now = { ...this.now, ...change };
    localStorage.setItem(KEY, JSON.stringify(this.now));
  }
}

export const cameraSettings = new CameraSettings();
