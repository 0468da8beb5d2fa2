// Video and voice notes in Chromium over the real engine, with fake devices: recorded, stored piece by piece, played from the
// vault; and the app killed in the middle of one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const FAKE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'];
const SIZES = [
  { width: 1280, height: 800 },
  { width: 800, height: 1280 },
  { width: 390, height: 844 },
];
let server;
let tablet;
let page;
let faults;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const screen = (name) => page.waitForSelector(`[data-screen="${name}"]`);
/** Until the screen says that more than so much is durable. */
const storedMore = (bytes) => page.waitForFunction((least) => Number(document.querySelector('[data-testid="recording"]')?.dataset.stored) > least, bytes, { timeout: 60_000 });
const ended = () => at('recording').waitFor({ state: 'detached', timeout: 60_000 });

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  ({ page } = await openBrowser(stage, { extra: FAKE }));
  faults = complaints(page);
  shot = photographer(page, screens('recording'));
  // What the page hands over, and what it was told of it.
  await page.addInitScript(() => {
    const real = globalThis.fetch;
    globalThis.handed = { parts: [], stored: 0 };
    globalThis.fetch = async (address, options) => {
      if (!String(address).startsWith('/record?')) return real(address, options);
      globalThis.handed.parts.push(options.body);
      const answer = await real(address, options);
      const told = await answer.clone().json();
      globalThis.handed.stored = told.storedBytes ?? globalThis.handed.stored;
      return answer;
    };
  });
});
after(() => stage.end());

async function atCamera() {
  await page.goto(tablet.address);
  await page.locator('[data-testid="open-camera"]').first().click();
  await screen('camera');
  await at('shutter').waitFor();
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
}

async function newestDraft() {
  const [{ id }] = await tablet.call({ do: 'drafts' });
  return tablet.call({ do: 'draft', id });
}

/** All that the page handed over, in order. */
async function handed() {
  const text = await page.evaluate(async () => {
    const bytes = new Uint8Array(await new Blob(globalThis.handed.parts).arrayBuffer());
    let out = '';
    for (let from = 0; from < bytes.length; from += 8192) out += String.fromCharCode(...bytes.subarray(from, from + 8192));
    return btoa(out);
  });
  return Buffer.from(text, 'base64');
}
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('a video is stored while it is recorded, becomes an item, and plays from the vault', async () => {
  await atCamera();
  await at('film').click();
  await storedMore(0);
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await shot(`filming-${size.width}`);
  }
  await page.setViewportSize(SIZES[0]);
  assert.deepEqual(await barriers(page), [], 'while filming');
  const first = Number(await at('recording').getAttribute('data-stored'));
  await storedMore(first);
  await at('shutter').click();
  await ended();
  const [item] = (await newestDraft()).photos;
  const bytes = await handed();
  assert.equal(item.sizeBytes, bytes.length);
  assert.equal(item.sha256, sha256(bytes), 'its digest is over what was handed over');
  assert.equal(item.mediaType, 'video/webm');
  assert.equal(item.recorded.ended, 'stopped');
  await at('look').click();
  await at('photo-0').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="player"]')?.readyState >= 1);
  await page.evaluate(() => document.querySelector('[data-testid="player"]').play());
  await page.waitForFunction(() => document.querySelector('[data-testid="player"]').currentTime > 0.2);
  await shot('player');
  assert.deepEqual(await barriers(page), [], 'the player');
});

test('photos and a voice note go into the same packet', async () => {
  await page.reload();
  const { id } = await newestDraft();
  await page.locator('[data-testid="draft-0"]').click();
  await at('voice-note').waitFor();
  await at('voice-note').click();
  await storedMore(0);
  await shot('voice-note');
  assert.deepEqual(await barriers(page), [], 'a voice note');
  await at('voice-note').click();
  await ended();
  const { photos } = await tablet.call({ do: 'draft', id });
  assert.equal(photos.length, 2);
  assert.equal(photos[1].recorded.soundOnly, true);
  await at('photo-1').click();
  await page.waitForFunction(() => document.querySelector('audio[data-testid="player"]')?.readyState >= 1);
  await shot('voice-player');
});

test('space and the volume keys press the shutter; what is set is remembered', async () => {
  await atCamera();
  const count = (wanted) => page.waitForFunction((text) => document.querySelector('[data-testid="capture-count"]')?.dataset.count === text, String(wanted), { timeout: 30_000 });
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('Space');
  await count(1);
  await page.evaluate(() => window.dispatchEvent(new KeyboardEvent('keydown', { key: 'AudioVolumeUp' })));
  await count(2);
  await at('camera-gear').click();
  await at('camera-settings').waitFor();
  await shot('settings');
  assert.deepEqual(await barriers(page), [], 'the settings');
  await at('camera-grid').uncheck();
  await at('record-minutes-30').click();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.thirds').count(), 0);
  await atCamera();
  assert.equal(await page.locator('.thirds').count(), 0, 'remembered');
  await at('camera-gear').click();
  assert.equal(await at('record-minutes-30').getAttribute('aria-checked'), 'true');
  await at('camera-grid').check();
  await page.keyboard.press('Escape');
});

test('an earlier photo lies over the finder, and the next one names it', async () => {
  await page.context().grantPermissions(['geolocation']);
  await page.context().setGeolocation({ latitude: 31.2413, longitude: 121.4486, accuracy: 5 });
  await atCamera();
  await until('a position', async () => (await tablet.call({ do: 'state' })).fix);
  await at('shutter').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="capture-count"]')?.dataset.count === '1');
  await until('its preview', async () => (await newestDraft()).photos[0].preview);
  await page.context().setGeolocation({ latitude: 31.2422, longitude: 121.4486, accuracy: 5 });
  await at('ghost-open').click();
  await at('ghost-picker').waitFor();
  await at('photo-0').last().click();
  await at('ghost').waitFor();
  await page.waitForFunction(() => document.querySelector('img.ghost')?.naturalWidth > 0);
  await page.waitForFunction(() => /100/.test(document.querySelector('[data-testid="ghost-told"]')?.textContent ?? ''), undefined, { timeout: 20_000 });
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await shot(`ghost-${size.width}`);
  }
  await page.setViewportSize(SIZES[0]);
  assert.deepEqual(await barriers(page), [], 'an overlay');
  await at('ghost-strength').fill('0.3');
  assert.equal(await page.evaluate(() => document.querySelector('img.ghost').style.opacity), '0.3');
  await at('shutter').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="capture-count"]')?.dataset.count === '2');
  await at('ghost-off').click();
  assert.equal(await page.locator('img.ghost').count(), 0);
  await at('shutter').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="capture-count"]')?.dataset.count === '3');
  const { photos } = await newestDraft();
  assert.deepEqual(photos.map((photo) => photo.follows), [null, photos[0].sha256, null]);
});

test('the app is killed in the middle of a video: all that it had called stored is there, and says that it was cut off', async () => {
  assert.deepEqual(faults, [], 'until here');
  await atCamera();
  await at('film').click();
  await storedMore(0);
  const once_ = Number(await at('recording').getAttribute('data-stored'));
  await storedMore(once_);
  tablet.host.kill('SIGKILL');
  await once(tablet.host, 'close');
  const told = await page.evaluate(() => globalThis.handed.stored);
  assert.ok(told > once_);
  await at('recording-said').waitFor();
  await shot('killed');
  const bytes = await handed();
  await tablet.run(stage);
  const state = await tablet.call({ do: 'state' });
  assert.equal(state.recoveredPhotos, 1);
  await tablet.call({ do: 'unlock', officer: server.officers[0], pin: OFFICERS[0].pin });
  const { photos } = await newestDraft();
  assert.equal(photos.length, 1);
  const [item] = photos;
  assert.equal(item.recorded.ended, 'cut-off');
  assert.ok(item.sizeBytes >= told, `${item.sizeBytes} of ${told} bytes`);
  assert.equal(item.sha256, sha256(bytes.subarray(0, item.sizeBytes)), 'what was handed over, as far as it was stored');
  await page.goto(tablet.address);
  await page.locator('[data-testid="draft-0"]').click();
  await at('photo-0').click();
  await page.waitForSelector('[data-testid="recorded"][data-ended="cut-off"]');
  await page.waitForFunction(() => document.querySelector('[data-testid="player"]')?.readyState >= 1);
  await shot('cut-off');
  await until('the custody line', async () => (await tablet.call({ do: 'drafts' })).length > 0);
});
