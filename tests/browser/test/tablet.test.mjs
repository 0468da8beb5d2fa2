// The tablet's screens in Chromium over its real engine, with a fake camera: enrol, shoot while the server is away, describe,
// two PINs, seal; then the server comes back, and the packet becomes safe by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
let server;
let tablet;
let page;
let faults;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const screen = (name) => page.waitForSelector(`[data-screen="${name}"]`);

/** What axe-core found, by screen: judged at the end, so that one barrier doesn't hide the rest of the story. */
const found = [];

async function accessible(name) {
  for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
}

async function photosAre(number) {
  await page.waitForFunction((wanted) => document.querySelector('[data-testid="capture-count"]')?.textContent?.trim() === wanted, String(number));
}

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  ({ page } = await openBrowser(stage, { extra: camera, viewport: { width: 1280, height: 800 }, position: { latitude: 31.241302, longitude: 121.448617, accuracy: 6 } }));
  faults = complaints(page);
  shot = photographer(page, screens('tablet-test'));
});

after(() => stage.end());

test('the tablet is enrolled, with two officers', async () => {
  await page.goto(tablet.address);
  await screen('first-run');
  await accessible('the first run');
  await at('enrol-text').fill(await server.deviceText());
  await at('enrol-check').click();
  await at('enrol-preview').waitFor();
  await shot('enrol');
  await at('enrol-go').click();
  for (const [index, { pin }] of OFFICERS.entries()) {
    await at('officer-code').fill(await server.officerCode(index));
    await at('officer-pin').fill(pin);
    await at('officer-pin-again').fill(pin);
    await at('officer-go').click();
    await at('officer-row').nth(index).waitFor();
  }
  await at('officers-done').click();
  await screen('today');
  await shot('today');
  await accessible('today');
});

test('photos are taken while the server is away, two taps to the first', async () => {
  await server.leave();
  await at('open-camera').first().click();
  await screen('camera');
  await at('shutter').click();
  await photosAre(1);
  for (let count = 2; count <= 4; count += 1) {
    await at('shutter').click();
    await photosAre(count);
  }
  await shot('camera');
  await accessible('the camera');
});

test('what is seen is described, with chips alone', async () => {
  await at('to-describe').click();
  await screen('describe');
  await at('photo-3').waitFor();
  await at('choice-stage-confirmed').click();
  await at('party-refused').click();
  await shot('describe');
  await accessible('describe');
});

/** One stroke across the pad, at this height of it. */
async function stroke(height) {
  const pad = await at('pad').boundingBox();
  await page.mouse.move(pad.x + pad.width * 0.2, pad.y + pad.height * height);
  await page.mouse.down();
  await page.mouse.move(pad.x + pad.width * 0.8, pad.y + pad.height * (height + 0.1), { steps: 8 });
  await page.mouse.up();
}

/** Dark pixels on the pad. */
const ink = () =>
  at('pad').evaluate((pad) => {
    const { data } = pad.getContext('2d').getImageData(0, 0, pad.width, pad.height);
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] < 128) dark += 1;
    return dark;
  });

test('the party signs on the screen before the officers do, or leaves it', async () => {
  await at('to-seal').click();
  await screen('seal');
  assert.equal(await at('party-draw').count(), 0, 'who refuses is not asked to draw');
  await at('party-present').click();
  await at('party-draw').click();
  await at('sign-pad').waitFor();
  assert.ok(await at('pad-keep').isDisabled(), 'an empty pad is no drawing');
  await page.keyboard.press('Escape');
  await at('sign-pad').waitFor({ state: 'hidden' });
  await at('party-draw').click();
  await stroke(0.2);
  const one = await ink();
  await stroke(0.6);
  assert.ok(one > 1000 && (await ink()) > one * 1.5);
  await at('pad-undo').click();
  assert.equal(await ink(), one);
  await at('pad-clear').click();
  assert.equal(await ink(), 0);
  await stroke(0.4);
  await shot('party-pad');
  await accessible('the pad');
  for (const button of await page.locator('dialog[open] button').all()) {
    const box = await button.boundingBox();
    assert.ok(box.width >= 48 && box.height >= 48, 'fingers need 48 px');
  }
  await at('pad-keep').click();
  await at('sign-pad').waitFor({ state: 'hidden' });
  await page.locator('[data-testid="party-drawing"] .photo img').waitFor();
  await shot('party-drawn');
  await accessible('the seal with a drawing');
});

test('two officers sign with their PINs, and the packet is sealed', async () => {
  for (const [index, { pin }] of OFFICERS.entries()) {
    // The second officer's PIN is asked for by itself.
    if (index === 0) await at('sign-0').click();
    await at('pin-input').fill(pin);
    await at('pin-go').click();
    await at(`signed-${index}`).waitFor();
  }
  await shot('signed');
  await accessible('the seal');
  const button = await at('seal-hold').boundingBox();
  await page.mouse.move(button.x + button.width / 2, button.y + button.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(1400);
  await page.mouse.up();
  await screen('packet');
  await at('packet-state').waitFor();
  assert.notEqual(await at('packet-state').getAttribute('data-state'), 'safe', 'nothing is called safe before its receipt');
  await shot('sealed-offline');
  await accessible('a packet that waits');
});

test('the server comes back, and the packet becomes safe', async () => {
  await server.comeBack();
  await tablet.call({ do: 'upload-now', id: null });
  await page.waitForSelector('[data-testid="packet-state"][data-state="safe"]', { timeout: 60_000 });
  const digest = await at('packet-digest').getAttribute('data-digest');
  const [logged] = (await server.admin('packets')).packets;
  assert.equal(digest, logged.packetDigest, 'tablet and server name the same seal');
  assert.notEqual(logged.verdict, 'failed');
  await shot('safe');
  await accessible('a safe packet');
});

test('no screen keeps anyone out (WCAG 2.2 AA)', () => {
  assert.deepEqual(found, []);
});

test('the page threw nothing and asked no one else', () => {
  assert.deepEqual(faults, []);
});
