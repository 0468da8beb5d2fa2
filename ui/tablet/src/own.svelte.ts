/** What this platform has of its own, asked once at the start: a camera beside the web view's. Where it has none, no screen offers
 *  it. Unlocking by a biometric is asked for each officer, where it is offered. */

import { native } from './host.ts';

class Own {
  camera = $state(false);

  async look(): Promise<void> {
    this.camera = await native('camera', { do: 'state' }).then(
      () => true,
      () => false,
    );
  }
}

export const own = new Own();
