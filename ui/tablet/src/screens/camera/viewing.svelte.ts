/** The live picture of the camera screen, from opening to leaving: what is wrong with it, and the ways back. A camera that is
 *  plugged in, or allowed, opens by itself; the officer can ask for it at any time. */

import { own } from '../../own.svelte.ts';
import { openCamera, throughWeb, type LiveCamera, type NoCamera } from './camera.ts';
import { openOwnCamera } from './own-camera.ts';
import { cameraSettings } from './settings.svelte.ts';

/** `lost`: it was there and went away. */
export type Trouble = NoCamera | 'lost';

export class Viewing {
  /** `null` while it is being opened. */
  live = $state.raw<LiveCamera | Trouble | null>(null);
  /** The camera gives no picture for now: the system or another program has taken it. */
  paused = $state(false);

  /** The platform's own camera was chosen and could not be opened. */
  fellBack = $state(false);

  private gone = false;
  private opening = false;
  private permission: PermissionStatus | undefined;

  get camera(): LiveCamera | undefined {
    return typeof this.live === 'object' && this.live !== null ? this.live : undefined;
  }

  /** Begins, and watches for a camera to come. */
  start(): void {
    void this.open();
    navigator.mediaDevices?.addEventListener('devicechange', this.mayBeThere);
    // Not every web view knows this permission by name.
    navigator.permissions?.query({ name: 'camera' as PermissionName }).then(
      (permission) => {
        this.permission = permission;
        permission.addEventListener('change', this.mayBeThere);
      },
      () => undefined,
    );
  }

  stop(): void {
    this.gone = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.mayBeThere);
    this.permission?.removeEventListener('change', this.mayBeThere);
    this.camera?.stop();
  }

  async open(): Promise<void> {
    if (this.opening) return;
    this.opening = true;
    this.camera?.stop();
    this.live = null;
    this.paused = false;
    // The platform's own where the officer has chosen it; where that can't be opened, the web view's.
    const wanted = own.camera && cameraSettings.own ? await openOwnCamera() : undefined;
    this.fellBack = typeof wanted === 'string';
    const opened = typeof wanted === 'object' ? wanted : await openCamera(() => (this.live = 'lost'));
    this.opening = false;
    if (this.gone) {
      if (typeof opened === 'object') opened.stop();
      return;
    }
    this.live = opened;
    if (typeof opened === 'object' && throughWeb(opened)) this.watch(opened.track);
  }

  /** From the one camera to the other. */
  turn(): void {
    cameraSettings.set({ own: !cameraSettings.own });
    void this.open();
  }

  private readonly mayBeThere = (): void => {
    if (!this.camera && this.live !== 'unsupported') void this.open();
  };

  private watch(track: MediaStreamTrack): void {
    this.paused = track.muted;
    track.addEventListener('mute', () => (this.paused = true));
    track.addEventListener('unmute', () => (this.paused = false));
  }
}
