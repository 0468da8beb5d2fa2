/** Whether there is a camera that may be used, without turning it on: the web view's own word. */

import type { CheckView } from '@fieldseal/shared/bindings.ts';

export async function checkCamera(): Promise<CheckView> {
  const said = await looked();
  const level = said === 'ok' ? 'ok' : said === 'unknown' ? 'unsupported' : 'look';
  return { code: 'camera', level, sentence: said, params: {}, act: level === 'look' ? 'again' : null };
}

async function looked(): Promise<'ok' | 'none' | 'denied' | 'unknown'> {
  if (!('mediaDevices' in navigator)) return 'unknown';
  try {
    const devices = await navigator.mediaDevices.enumerateDevices();
    if (!devices.some((device) => device.kind === 'videoinput')) return 'none';
  } catch {
    return 'unknown';
  }
  try {
    const permission = await navigator.permissions.query({ name: 'camera' });
    return permission.state === 'denied' ? 'denied' : 'ok';
  } catch {
    // A web view that does not know this permission asks when the camera is opened.
    return 'ok';
  }
}
