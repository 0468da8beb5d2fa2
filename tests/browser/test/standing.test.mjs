// What is always in sight on the tablet, in Chromium: what is not yet safe and for how long, on every screen; the self-check's
// one sentence and one button for each thing wrong; the rules of uploads; the time after which it locks. The server is away
// while a packet waits; what no test can bring about for real (an old packet, a damaged database, mobile data) is put into the
// engine's answers on their way to the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { picture } from '../../lib/pictures.mjs';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const HOUR_MS = 3_600_000;
const SIZES = [
  [800, 1280],
  [1280, 800],
  [390, 844],
];
const stage = new Stage();
const found = [];
/** Answers that are changed on their way, by request. */
const changed = {};
/** What the page asked. */
const asked = [];
let server;
let tablet;
let page;
let faults;
let shot;
let draft;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const screen = (name) => page.waitForSelector(`[data-screen="${name}"]`);

async function accessible(name) {
  for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
}

/** One picture in each size, and nothing that hangs over. */
async function everySize(name) {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await shot(`${name}-${width}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: nothing hangs over at ${width}`);
  }
  await page.setViewportSize({ width: 800, height: 1280 });
}

async function settings(language, theme) {
  await tablet.call({ do: 'settings', language, theme, autoLockMin: null });
  await page.waitForFunction(([language, theme]) => document.documentElement.lang.startsWith(language) && document.documentElement.dataset.theme === theme, [language, theme]);
}

async function open(name) {
  await at(`nav-${name}`).first().click();
  await screen(name);
}

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  const shoot = (id) => fetch(`${tablet.address}/capture?draft=${id}&source=camera`, { method: 'POST', body: picture(1), headers: { 'content-type': 'application/octet-stream' } });
  await server.leave();
  const sealed = await tablet.call({ do: 'draft-open', kind: 'illegal-structure', supplements: null });
  await shoot(sealed.id);
  await tablet.call({ do: 'party', id: sealed.id, party: { presence: 'absent', name: null, note: null } });
  for (const [index, { pin }] of OFFICERS.entries()) await tablet.call({ do: 'sign', id: sealed.id, officer: server.officers[index], pin });
  await tablet.call({ do: 'seal', id: sealed.id });
  draft = (await tablet.call({ do: 'draft-open', kind: 'illegal-structure', supplements: null })).id;
  await shoot(draft);
  await tablet.call({ do: 'describe', id: draft, facts: { address: '昌平路1086号屋顶' } });
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  ({ page } = await openBrowser(stage, { extra: camera, viewport: { width: 800, height: 1280 }, position: { latitude: 31.241302, longitude: 121.448617, accuracy: 6 } }));
  await page.context().grantPermissions(['geolocation', 'clipboard-read', 'clipboard-write']);
  page.setDefaultTimeout(60_000);
  faults = complaints(page);
  shot = photographer(page, screens('standing'));
  await page.route('**/call', async (route) => {
    const request = route.request().postDataJSON();
    asked.push(request);
    const change = changed[request.do];
    if (!change) return route.continue();
    const answer = await route.fetch();
    return route.fulfill({ response: answer, json: change(await answer.json()) });
  });
  await page.goto(tablet.address);
  await screen('today');
});

after(() => stage.end());

test('the packet that waits is in sight, with the time it has waited', async () => {
  await at('unsafe-chip').waitFor();
  assert.equal(await at('unsafe-chip').getAttribute('data-unsafe'), '1');
  assert.match(await at('standing-line').textContent(), /1 个证据包还没有安全存到服务器.*最早的一个已等了 \d+ (秒|分钟)/);
});

test('seven packets, the oldest of three hours, on every screen', async () => {
  changed.state = (state) => ({ ...state, unsafePackets: 7, unsafeOldestAt: new Date(Date.now() - 3 * HOUR_MS).toISOString() });
  const seen = async (name) => {
    await page.waitForSelector('[data-testid="unsafe-chip"][data-unsafe="7"]');
    const chip = at('unsafe-chip');
    assert.match(await chip.textContent(), /7 个未安全 · 最早 3 小时/, name);
    assert.ok(await chip.isVisible(), name);
    const box = await chip.boundingBox();
    const { width, height } = page.viewportSize();
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, `in sight: ${name}`);
  };
  for (const name of ['today', 'points', 'packets', 'upload', 'me']) {
    await open(name);
    await seen(name);
  }
  await open('today');
  await everySize('today');
  await open('upload');
  await everySize('upload');
  await open('today');
  await at('draft-0').click();
  await screen('describe');
  await seen('describe');
  await page.goBack();
  await at('open-camera').first().click();
  await screen('camera');
  await seen('camera');
  await everySize('camera');
  await page.setViewportSize({ width: 390, height: 844 });
  await seen('the camera of a phone');
  await page.setViewportSize({ width: 800, height: 1280 });
  await accessible('the camera');
  await page.goBack();
  await screen('today');
  await settings('en', 'dark');
  await page.getByText('The oldest has waited for 3 hours.').first().waitFor();
  await everySize('today-en-dark');
  await settings('zh', 'sun');
  await everySize('today-sun');
  await accessible('today in the sun');
  await settings('zh', 'light');
  delete changed.state;
});

const wrong = (code, sentence, act, params = {}) => ({ code, level: 'look', sentence, act, params });

test('each thing wrong has one sentence, and one button that helps', async () => {
  const day = (days) => new Date(Date.now() - days * 24 * HOUR_MS).toISOString();
  const checks = [
    wrong('battery', 'low', 'again', { percent: '18' }),
    wrong('storage', 'low', 'upload', { free_gb: '1.2', free_bytes: '1200000000', photos: '198' }),
    wrong('clock', 'fast', 'connect', { minutes: '7', seconds: '420', at: day(0) }),
    wrong('location', 'denied', 'locate'),
    wrong('keys', 'one-officer', 'officers', { officers: '1' }),
    wrong('vault', 'rebuilt', 'rebuilt', { at: day(0) }),
    wrong('checkpoint', 'old', 'connect', { at: day(3), size: '12', hours: '72' }),
    wrong('map', 'coming', 'again', { percent: '40' }),
    wrong('unsent', 'wedged', 'upload', { packets: '3', wedged: '1' }),
    wrong('forms', 'refused', 'tell', { kind: 'x', version: '2' }),
  ];
  changed['self-check'] = () => checks;
  changed.rebuilt = () => ({ at: day(0), packets: 12, drafts: [{ id: draft, kind: 'illegal-structure', title: '昌平路1086号屋顶', photos: 1, openedAt: day(0), cover: null, stage: 'open', missingShots: [] }] });
  await open('me');
  await open('today');
  for (const check of checks) {
    const row = at(`check-${check.code}`);
    await row.waitFor();
    assert.equal(await row.locator('button').count(), 1, check.code);
    assert.doesNotMatch(await row.textContent(), /\{|check\./, check.code);
    const { height } = await row.locator('button').boundingBox();
    assert.ok(height >= 48, `${check.code}: 48 px`);
  }
  assert.match(await at('check-storage').textContent(), /还能拍约 198 张/);
  assert.match(await at('check-checkpoint').textContent(), /3 天前/);
  assert.match(await at('check-map').textContent(), /40%/);
  await everySize('check');
  await accessible('everything wrong');

  const press = (code) => at(`check-act-${code}`).click();
  const since = async (what, act) => {
    const before = asked.length;
    await act();
    await until(what, () => asked.slice(before).some((request) => request.do === what));
  };
  await since('self-check', () => press('battery'));
  await since('upload-now', () => press('clock'));
  await since('upload-now', () => press('checkpoint'));
  // Chromium's fixed position answers a second question for a new one with nothing, until the patience ends.
  await page.evaluate(() => {
    const coords = { latitude: 31.2413, longitude: 121.4486, accuracy: 3, altitude: null, heading: null };
    navigator.geolocation.getCurrentPosition = (found) => found({ coords, timestamp: Date.now() });
  });
  await since('position', () => press('location'));
  assert.equal(asked.findLast((request) => request.do === 'position').fix.accuracyM, 3, 'what the button asked for, not the watch');
  for (const code of ['storage', 'unsent']) {
    await press(code);
    await screen('upload');
    await open('today');
  }
  await press('forms');
  await page.getByText('已复制').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /巡证自检：.*forms\.refused/);
  await press('vault');
  await at('rebuilt').waitFor();
  assert.match(await at('rebuilt').textContent(), /回来 12 个.*回来 1 份/);
  assert.match(await at('rebuilt-draft').textContent(), /昌平路1086号屋顶/);
  await everySize('rebuilt');
  await accessible('what came back');
  await since('rebuilt-read', () => at('rebuilt-read').click());
  await at('rebuilt').waitFor({ state: 'detached' });
  await press('keys');
  await screen('officers');
  delete changed['self-check'];
  delete changed.rebuilt;
  await page.goBack();
  await screen('today');
});

test('without a camera the self-check says so', async () => {
  await page.evaluate(() => {
    navigator.mediaDevices.enumerateDevices = async () => [];
  });
  await open('me');
  await open('today');
  await page.waitForSelector('[data-testid="check-camera"] button');
  assert.match(await at('check-camera').textContent(), /没有找到相机/);
});

test('the rules of uploads are chosen on Me, which says that this machine can tell nothing', async () => {
  await open('me');
  await at('rules-wifi').click();
  await page.waitForSelector('[data-testid="rules-wifi"][aria-checked="true"]');
  assert.match(await at('rules-told').textContent(), /没有告诉/);
  await at('roaming-yes').click();
  await page.waitForSelector('[data-testid="roaming-yes"][aria-checked="true"]');
  const { uploadRules } = await tablet.call({ do: 'state' });
  assert.deepEqual(uploadRules, { wifiOnly: true, whileRoaming: true, told: false });
  await everySize('me');
  await accessible('me');
});

test('what waits for Wi-Fi says so, and goes when told to this once', async () => {
  changed.uploads = (uploads) => ({ ...uploads, waits: 'wifi', online: true, link: null, unsafePackets: uploads.unsafePackets.map((upload) => ({ ...upload, cause: 'waits-wifi' })) });
  changed.state = (state) => ({ ...state, online: true, uploadsWait: 'wifi' });
  await open('upload');
  await at('upload-waits').waitFor();
  assert.match(await at('upload-line-0').textContent(), /等 Wi-Fi 再传/);
  await everySize('waits');
  await accessible('waiting for Wi-Fi');
  await open('today');
  await page.getByText('连上 Wi-Fi 后自动上传').waitFor();
  await open('upload');
  const before = asked.length;
  await at('upload-anyway').click();
  await until('the request', () => asked.slice(before).some((request) => request.do === 'upload-anyway'));
  delete changed.uploads;
  delete changed.state;
  await at('upload-waits').waitFor({ state: 'detached' });
});

test('the time after which it locks is chosen on Me, and touches are told', async () => {
  await open('me');
  await at('auto-lock-2').click();
  await page.waitForSelector('[data-testid="auto-lock-2"][aria-checked="true"]');
  assert.equal((await tablet.call({ do: 'state' })).autoLockMin, 2);
  await page.reload();
  await screen('today');
  asked.length = 0;
  await page.mouse.click(5, 5);
  await until('the touch to be told', () => asked.some((request) => request.do === 'used'));
  const times = asked.filter((request) => request.do === 'used').length;
  for (let click = 0; click < 5; click += 1) await page.mouse.click(5, 5);
  assert.ok(asked.filter((request) => request.do === 'used').length <= times + 1, 'a few times a minute at most');
});

test('the lock, and an order of the administrator at it', async () => {
  changed.state = (state) => ({ ...state, order: { what: 'lock', at: new Date(Date.now() - HOUR_MS).toISOString() } });
  await tablet.call({ do: 'lock' });
  await screen('lock');
  await at('order-lock').waitFor();
  await everySize('lock-ordered');
  await accessible('a lock by order');
  changed.state = (state) => ({ ...state, retiredAt: new Date().toISOString(), order: { what: 'wipe', at: new Date(Date.now() - HOUR_MS).toISOString() } });
  await at('order-wipe').waitFor();
  await everySize('lock-emptying');
  await tablet.call({ do: 'settings', language: 'en', theme: 'dark', autoLockMin: null });
  await page.waitForFunction(() => document.documentElement.lang.startsWith('en'));
  await everySize('lock-emptying-en-dark');
  await tablet.call({ do: 'settings', language: 'zh', theme: 'sun', autoLockMin: null });
  await page.waitForFunction(() => document.documentElement.lang.startsWith('zh'));
  await everySize('lock-emptying-sun');
  await at('pin-forgot').click();
  await at('forgot-pin').waitFor();
  await everySize('forgotten-sun');
  await accessible('the lock in the sun');
});

test('no screen keeps anyone out (WCAG 2.2 AA)', () => {
  assert.deepEqual(found, []);
});

test('the page threw nothing and asked no one else', () => {
  assert.deepEqual(faults, []);
});
