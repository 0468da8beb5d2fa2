// A tablet's life in Chromium: enrolled by a QR code before the camera, officers by pictures of theirs, what is no enrolment
// code told apart; then retired, its refusal of photos, and emptied.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { film, photo } from '../lib/codes.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const faults = [];
const found = [];
let server;
let folder;
let page;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const screen = (name) => page.waitForSelector(`[data-screen="${name}"]`);
const hint = (name) => page.waitForSelector(`[data-testid="scan-hint"][data-hint="${name}"]`);

async function accessible(name) {
  for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
}

/** A new code of `fieldseal admin`, as the SVG that it writes. */
async function svg(name, ...words) {
  const path = join(folder, `${name}.svg`);
  await server.admin('enrol-code', ...words, '--qr', path);
  return path;
}

async function open(name, extra, tablet) {
  const browser = await openBrowser(stage, { extra, viewport: { width: 800, height: 1280 } });
  page = browser.page;
  page.setDefaultTimeout(60_000);
  faults.push(complaints(page));
  shot = photographer(page, screens(`life-${name}`));
  await page.goto(tablet.address);
  return browser.context;
}

before(async () => {
  server = await Server.start(stage);
  folder = stage.folder('codes');
});

after(() => stage.end());

test('the camera sees the code, and the tablet is enrolled without a word typed', async () => {
  const path = join(folder, 'camera.y4m');
  film(await svg('camera', 'device', '--team', '江宁路街道', '--url', server.address), path);
  const tablet = await Tablet.start(stage, { ui: true });
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${path}`];
  const context = await open('camera', camera, tablet);
  await screen('first-run');
  await at('enrol-preview').waitFor();
  assert.match(await at('enrol-preview').textContent(), /江宁路街道/);
  assert.match(await page.inputValue('[data-testid="enrol-text"]'), /^fieldseal:enrol\?u=/);
  assert.equal(await at('scan-live').count(), 0, 'the camera is off by then');
  await shot('seen');
  await at('enrol-go').click();
  await at('officer-code').waitFor();
  await context.close();
});

test('without a camera the reason is said, and pictures of codes work', async () => {
  const tablet = await Tablet.start(stage, { ui: true });
  await open('pictures', [], tablet);
  await screen('first-run');
  assert.notEqual(await at('scan-no-camera').textContent(), '');
  await shot('no-camera');
  await accessible('the first run without a camera');
  const code = await svg('device', 'device', '--team', '江宁路街道', '--url', server.address);
  const choose = (path) => at('scan-file').setInputFiles(path);

  const text = join(folder, 'text.png');
  writeFileSync(text, 'not a picture');
  await choose(text);
  await hint('no-picture');
  await choose(photo(code, join(folder, 'bare.png'), { fill: 0.0001 }));
  await hint('no-code');
  const thumb = (u, v) => u > 0.28 && u < 0.72 && v > 0.3 && v < 0.7;
  await choose(photo(code, join(folder, 'damaged.png'), { spoil: thumb }));
  await hint('unreadable');
  await shot('damaged');
  // A code that names a server reached without TLS across a network is none of ours.
  await choose(photo(await svg('foreign', 'device', '--url', 'http://evidence.example'), join(folder, 'foreign.png')));
  await hint('foreign');
  await shot('foreign');

  await choose(photo(code, join(folder, 'device.png'), { turn: 0.3 }));
  await at('enrol-preview').waitFor();
  await at('enrol-go').click();
  for (const [index, { name, pin }] of OFFICERS.entries()) {
    const officer = await svg(`officer-${index}`, 'officer', server.officers[index], '--url', server.address);
    await at('scan-officer').click();
    await choose(photo(officer, join(folder, `officer-${index}.png`)));
    await at('officer-preview').waitFor();
    assert.match(await at('officer-preview').textContent(), new RegExp(name));
    if (index === 0) await shot('officer');
    await at('officer-pin').fill(pin);
    await at('officer-pin-again').fill(pin);
    await at('officer-go').click();
    await at('officer-row').nth(index).waitFor();
  }
  // The tablet's own code was used meanwhile: one sentence.
  await at('scan-officer').click();
  await choose(join(folder, 'device.png'));
  await page.waitForSelector('[data-testid="problem-bar"][data-code="code-invalid"]');
  await at('officers-done').click();
  await screen('today');
});

test('it is retired from its own screen, refuses photos, and is emptied', async () => {
  await at('nav-me').first().click();
  await screen('me');
  await at('retire-open').click();
  await at('leave-pin').waitFor();
  await shot('retire');
  await accessible('retiring');
  await at('leave-pin').fill(OFFICERS[0].pin);
  await at('leave-go').click();
  await at('retired').waitFor();
  await shot('retired');
  const { devices } = await server.admin('devices');
  assert.equal(devices.filter((device) => device.status === 'retired').length, 1);
  await at('nav-today').first().click();
  await at('retired-today').waitFor();
  await shot('retired-today');
  await accessible('today, retired');
  await at('nav-me').first().click();
  await at('wipe-open').click();
  await at('leave-pin').fill(OFFICERS[0].pin);
  await at('leave-go').click();
  await screen('first-run');
  await at('enrol-text').waitFor();
});

test('no screen keeps anyone out (WCAG 2.2 AA)', () => {
  assert.deepEqual(found, []);
});

test('the pages threw nothing and asked no one else', () => {
  assert.deepEqual(faults.flat(), []);
});
