// The camera screen in Chromium over the real engine: thirty photos as fast as the shutter allows, a vault that is slower than
// the finger, and every reason why there is no picture, each with its way out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { picture } from '../../lib/pictures.mjs';
import { Server } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const FAKE_CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const SIZES = [
  { width: 1280, height: 800 },
  { width: 800, height: 1280 },
  { width: 390, height: 844 },
];
let tablet;

before(async () => {
  const server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
});
after(() => stage.end());

/** A browser of its own on the camera screen, with a new draft to come. */
async function atCamera({ extra = FAKE_CAMERA, prepare } = {}) {
  const { context, page } = await openBrowser(stage, { extra });
  const faults = complaints(page);
  await prepare?.(context, page);
  await page.goto(tablet.address);
  await page.locator('[data-testid="open-camera"]').first().click();
  await page.waitForSelector('[data-screen="camera"]');
  const at = (id) => page.locator(`[data-testid="${id}"]`);
  return {
    context,
    page,
    at,
    why: (reason) => page.waitForSelector(`[data-testid="no-camera"][data-why="${reason}"]`),
    stored: (number) => page.waitForFunction((wanted) => document.querySelector('[data-testid="capture-count"]')?.dataset.count === wanted, String(number), { timeout: 60_000 }),
    accessible: async (what) => assert.deepEqual(await barriers(page), [], what),
    close: async () => {
      assert.deepEqual(faults, []);
      await context.close();
    },
  };
}

/** Presses the shutter whenever it can be pressed, and watches how many photos wait. */
function shoot(page, times) {
  return page.evaluate(async (wanted) => {
    const most = { waiting: 0 };
    const shutter = () => document.querySelector('[data-testid="shutter"]');
    for (let taken = 0; taken < wanted; ) {
      if (shutter() && !shutter().disabled) {
        shutter().click();
        taken += 1;
      }
      await new Promise((next) => requestAnimationFrame(next));
      most.waiting = Math.max(most.waiting, Number(document.querySelector('[data-testid="shutter-waiting"]')?.textContent ?? 0));
    }
    return most;
  }, times);
}

/** Notes the digest of each photo that the page hands over, in order, as `sent`. */
const listening = (_, page) =>
  page.addInitScript(() => {
    const real = globalThis.fetch;
    globalThis.sent = [];
    globalThis.fetch = async (address, options) => {
      if (String(address).startsWith('/capture')) {
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await options.body.arrayBuffer()));
        globalThis.sent.push([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
      }
      return real(address, options);
    };
  });

async function newestDraft() {
  const [{ id }] = await tablet.call({ do: 'drafts' });
  return tablet.call({ do: 'draft', id });
}

test('thirty photos in a row: all stored, in order, none twice, at the full resolution, with no place known', async () => {
  const camera = await atCamera({ prepare: listening });
  const { page, at } = camera;
  const shot = photographer(page, screens('camera-test'));
  await at('shutter').waitFor();
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
  const best = await page.evaluate(() => {
    const [track] = document.querySelector('video').srcObject.getVideoTracks();
    return track.getCapabilities().width.max;
  });
  const most = await shoot(page, 30);
  await camera.stored(30);
  assert.ok(most.waiting <= 8, `${most.waiting} photos were held in memory`);
  const { photos } = await newestDraft();
  const sent = await page.evaluate(() => globalThis.sent);
  assert.equal(sent.length, 30);
  assert.deepEqual(photos.map((photo) => photo.sha256), sent, 'as they were shot');
  assert.equal(new Set(photos.map((photo) => photo.captureSeq)).size, 30);
  assert.deepEqual(photos.map((photo) => photo.captureSeq), photos.map((_, n) => photos[0].captureSeq + n), 'no gap in the sequence');
  for (const photo of photos) assert.equal(photo.fix, null);
  await page.waitForFunction(() => !document.querySelector('[data-testid="to-describe"]').disabled);
  await shot('thirty');
  await camera.accessible('the camera after a burst');
  const first = await untilPreviewed();
  assert.equal(first.width, best, 'the first of them is a still of the camera, not a frame of its video');
  await camera.close();
});

/** Sizes are known once a photo has been decoded, after it was stored. */
async function untilPreviewed() {
  for (let tries = 0; tries < 300; tries += 1) {
    const { photos } = await newestDraft();
    if (photos[0].width) return photos[0];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no preview came');
}

test('a slow vault: the shutter goes on, says how many wait, and holds no more than eight; Back waits for them', async () => {
  const camera = await atCamera();
  const { page, at } = camera;
  const shot = photographer(page, screens('camera-slow'));
  let open = 0;
  await page.route('**/capture?*', async (route) => {
    open += 1;
    assert.equal(open, 1, 'one at a time');
    await new Promise((resolve) => setTimeout(resolve, 400));
    await route.continue();
    open -= 1;
  });
  await at('shutter').waitFor();
  const most = await shoot(page, 12);
  assert.ok(most.waiting >= 3 && most.waiting <= 8, `${most.waiting} waited at most`);
  await at('shutter-waiting').waitFor();
  await shot('waiting');
  await at('back').click();
  assert.ok(await page.locator('[data-screen="camera"]').isVisible(), 'not before they are stored');
  await page.waitForSelector('[data-screen="today"]', { timeout: 60_000 });
  assert.equal((await newestDraft()).photos.length, 12);
  await camera.close();
});

test('a vault that refuses in the middle of a burst: said, the shutter rests, and nothing shot is lost once there is room', async () => {
  const camera = await atCamera({ prepare: listening });
  const { page, at } = camera;
  let room = false;
  let asked = 0;
  await page.route('**/capture?*', async (route) => {
    asked += 1;
    if (asked < 3 || room) await route.continue();
    else await route.fulfill({ status: 422, json: { code: 'disk-full', message: 'full', retriable: true, params: {} } });
  });
  await at('shutter').waitFor();
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
  await shoot(page, 2);
  await camera.stored(2);
  await at('shutter').click();
  await page.waitForSelector('[data-testid="capture-problem"][data-code="disk-full"]');
  assert.ok(await at('shutter').isDisabled(), 'no photo is shot that could not be stored');
  await looks(page, 'camera-full');
  await camera.accessible('a full vault');
  room = true;
  await at('capture-retry').click();
  await camera.stored(3);
  await at('shutter').click();
  await camera.stored(4);
  const sent = await page.evaluate(() => globalThis.sent);
  const { photos } = await newestDraft();
  // The third was handed over twice: once refused, once stored.
  assert.equal(sent[2], sent[3]);
  assert.deepEqual(photos.map((photo) => photo.sha256), [sent[0], sent[1], sent[3], sent[4]]);
  await camera.close();
});

test('no permission: said, with the files as a way out; once allowed it opens by itself', async () => {
  const camera = await atCamera({
    extra: ['--use-fake-device-for-media-stream'],
    prepare: (context, page) => permission(context, page, 'denied'),
  });
  const { context, page, at } = camera;
  await camera.why('denied');
  await camera.accessible('no permission');
  await at('file-input').setInputFiles({ name: '门牌.png', mimeType: 'image/png', buffer: picture(41) });
  await camera.stored(1);
  await looks(page, 'camera-denied');
  await permission(context, page, 'granted');
  await at('shutter').waitFor();
  await at('shutter').click();
  await camera.stored(2);
  // Taken away in the middle: the system ends the picture.
  await permission(context, page, 'denied');
  await camera.why('lost');
  await looks(page, 'camera-lost');
  await camera.accessible('a camera that went away');
  await permission(context, page, 'granted');
  await at('shutter').waitFor();
  await at('shutter').click();
  await camera.stored(3);
  await camera.close();
});

async function permission(context, page, setting) {
  const session = await context.newCDPSession(page);
  await session.send('Browser.setPermission', { permission: { name: 'camera' }, setting, origin: tablet.address });
}

test('no camera: said, with the files as a way out; one that is plugged in opens by itself', async () => {
  const camera = await atCamera({ extra: ['--use-fake-device-for-media-stream=device-count=0', '--use-fake-ui-for-media-stream'] });
  const { page, at } = camera;
  await camera.why('none');
  await camera.accessible('no camera');
  await at('file-input').setInputFiles([1, 2].map((seed) => ({ name: `${seed}.png`, mimeType: 'image/png', buffer: picture(50 + seed) })));
  await camera.stored(2);
  await looks(page, 'camera-none');
  // What a plugged-in camera does to the page; Chromium's fake devices can't be plugged in.
  await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    canvas.getContext('2d').fillRect(0, 0, 320, 240);
    navigator.mediaDevices.getUserMedia = () => Promise.resolve(canvas.captureStream(10));
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  await at('shutter').waitFor();
  await at('shutter').click();
  await camera.stored(3);
  await camera.close();
});

test('a camera that another program holds: said, and asked for again', async () => {
  const camera = await atCamera({
    prepare: (_, page) =>
      page.addInitScript(() => {
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        globalThis.held = true;
        navigator.mediaDevices.getUserMedia = (wish) => (globalThis.held ? Promise.reject(new DOMException('', 'NotReadableError')) : real(wish));
      }),
  });
  const { page, at } = camera;
  await camera.why('busy');
  await camera.accessible('a busy camera');
  await looks(page, 'camera-busy');
  await at('camera-again').click();
  await camera.why('busy');
  await page.evaluate(() => (globalThis.held = false));
  await at('camera-again').click();
  await at('shutter').waitFor();
  // Taken by another program for a moment: there is no picture to take.
  await page.evaluate(() => document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('mute')));
  await at('camera-paused').waitFor();
  assert.ok(await at('shutter').isDisabled());
  await looks(page, 'camera-paused');
  await page.evaluate(() => document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('unmute')));
  await at('shutter').click();
  await camera.stored(1);
  await camera.close();
});

/** The screen as it is now, in both languages, light and dark, on three sizes of tablet. */
async function looks(page, name) {
  const before = page.viewportSize();
  const shot = photographer(page, screens(name));
  for (const language of ['zh', 'en']) {
    for (const theme of ['light', 'dark']) {
      await tablet.call({ do: 'settings', language, theme });
      await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
      await page.waitForFunction((wanted) => document.documentElement.lang.startsWith(wanted), language);
      for (const size of SIZES) {
        await page.setViewportSize(size);
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
        const wide = await page.evaluate(() => {
          const out = (element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('.list');
          return [...document.querySelectorAll('main *')].filter(out).map((element) => `${element.tagName}.${element.className}`);
        });
        assert.deepEqual(wide, [], `${name} ${language} ${size.width}: sticks out at the right`);
        await shot(`${language}-${theme}-${size.width}`);
      }
    }
  }
  await tablet.call({ do: 'settings', language: 'zh', theme: 'light' });
  await page.setViewportSize(before);
}
