/** The platform's own camera, where it has one: it draws its picture under the page, writes each photo at the sensor's full
 *  resolution into the app's private folder, and the engine takes it over from there. No byte of it comes to the page. */

import type { CaptureArgs, CaptureView } from '@fieldseal/shared/bindings.ts';
import { native, Problem } from '../../host.ts';
import type { AnyCamera, NoCamera } from './camera.ts';

export interface OwnCamera extends AnyCamera {
  /** Takes a photo now; when it answers, the photo is durable in the vault. */
  take: (args: CaptureArgs) => Promise<CaptureView>;
}

interface Opened {
  torch: boolean;
  minZoom: number;
  maxZoom: number;
}

/** Steps of the slider between the widest and the longest. */
const ZOOM_STEPS = 40;

const reasons: Partial<Record<string, NoCamera>> = { denied: 'denied', busy: 'busy', lost: 'failed', closed: 'failed' };

export async function openOwnCamera(): Promise<OwnCamera | NoCamera> {
  let opened: Opened;
  try {
    opened = await native<Opened>('camera', { do: 'open' });
  } catch (thrown) {
    const problem = Problem.from(thrown);
    if (problem.code === 'unsupported') return 'unsupported';
    return reasons[problem.params['why'] ?? ''] ?? 'failed';
  }
  const { torch, minZoom, maxZoom } = opened;
  const set = (ratio: number): void => void native('camera', { do: 'zoom', ratio }).catch(() => undefined);
  return {
    take: (args) => native<CaptureView>('camera', { do: 'take', args }),
    lamp: torch ? (on) => native<null>('camera', { do: 'torch', on }).then(() => undefined) : undefined,
    zoom: maxZoom > minZoom ? { min: minZoom, max: maxZoom, step: (maxZoom - minZoom) / ZOOM_STEPS, now: Math.max(minZoom, 1), set } : undefined,
    stop: () => void native('camera', { do: 'close' }).catch(() => undefined),
  };
}
