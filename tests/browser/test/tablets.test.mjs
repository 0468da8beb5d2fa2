// The administrator's desk in Chromium: a code is made in the console, a tablet films that very screen and is enrolled, an
// officer follows, a worn tablet is replaced, a stolen one revoked in one step. Mostly by keyboard.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer, WCAG } from '../lib/browser.mjs';
import { film, photographed } from '../lib/codes.mjs';
import { OFFICERS, PASSWORD, Server } from '../lib/server.mjs';
import { screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const faults = [];
let server;
let folder;
let context;
let page;
let shot;
/** Ids of the tablets, in the order of their enrolment here. */
const ids = [];

const at = (id) => page.locator(`[data-testid="${id}"]`);
const row = (id) => page.locator(`[data-testid=tablet][data-id="${id}"]`);

async function accessible(screen) {
  assert.deepEqual(await barriers(page, [...WCAG, 'best-practice']), [], `barriers on ${screen}`);
}

async function devices() {
  return (await server.admin('devices')).devices;
}

/** A tablet without screens, enrolled by the command line, with both officers. */
async function enrolled() {
  const tablet = await Tablet.start(stage);
  await tablet.enrol(server);
  const { device } = await tablet.call({ do: 'state' });
  ids.push(device.id.split('/').at(-1));
  return tablet;
}

before(async () => {
  server = await Server.start(stage);
  await server.admin('add-account', 'zhaoguan', '--name', '赵管', '--role', 'administrator');
  folder = stage.folder('codes');
  ({ page, context } = await openBrowser(stage));
  faults.push(complaints(page));
  shot = photographer(page, screens('tablets'));
});

after(() => stage.end());

test('the administrator signs in to the list of tablets, which is empty', async () => {
  await page.goto(server.address);
  await page.waitForSelector('[data-testid=sign-in]');
  await page.keyboard.type('zhaoguan');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await at('tablets').waitFor();
  await page.getByText('还没有登记过平板').waitFor();
  await shot('empty');
  await accessible('the empty list');
});

test('a code of the console enrols a tablet whose camera films it', async () => {
  await page.keyboard.press('n');
  await at('code-dialog').waitFor();
  await at('code-address').fill('http://evidence.example');
  await at('code-make').click();
  await page.getByText('平板不接受这个地址').waitFor();
  await accessible('a code with a wrong address');
  await at('code-address').fill(server.address);
  await at('code-team').fill('江宁路街道');
  await page.keyboard.press('Enter');
  await at('code-qr').waitFor();
  await shot('code');
  await accessible('a code');
  const png = await at('code-qr').screenshot();
  const path = join(folder, 'console.y4m');
  film(await photographed(context, png), path);

  const tablet = await Tablet.start(stage, { ui: true });
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${path}`];
  const other = await openBrowser(stage, { extra: camera, viewport: { width: 800, height: 1280 } });
  faults.push(complaints(other.page));
  await other.page.goto(tablet.address);
  await other.page.waitForSelector('[data-testid="enrol-preview"]', { timeout: 60_000 });
  assert.match(await other.page.textContent('[data-testid="enrol-preview"]'), /江宁路街道/);
  await other.page.click('[data-testid="enrol-go"]');
  await other.page.waitForSelector('[data-testid="officer-code"]');
  // The console notices by itself.
  await at('code-used').waitFor();
  await shot('code-used');
  const [device] = await devices();
  ids.push(device.id);
  assert.equal(device.status, 'active');
  await at('code-close').click();
  await row(device.id).waitFor();

  // Now the officer, by a picture of the screen.
  await page.keyboard.press('n');
  await at('code-officer').click();
  await at('code-which').selectOption({ value: server.officers[0] });
  await at('code-make').click();
  await at('code-qr').waitFor();
  await shot('code-officer');
  await accessible('an officer’s code');
  const officer = join(folder, 'officer.png');
  writeFileSync(officer, await at('code-shown').screenshot());
  await other.page.click('[data-testid="scan-officer"]');
  await other.page.setInputFiles('[data-testid="scan-file"]', officer);
  await other.page.waitForSelector('[data-testid="officer-preview"]');
  await other.page.fill('[data-testid="officer-pin"]', OFFICERS[0].pin);
  await other.page.fill('[data-testid="officer-pin-again"]', OFFICERS[0].pin);
  await other.page.click('[data-testid="officer-go"]');
  await other.page.waitForSelector('[data-testid="officer-row"]');
  await at('code-used').waitFor();
  await at('code-close').click();
  await until('the officer in the list', async () => (await row(device.id).textContent()).includes(OFFICERS[0].name));
  await other.context.close();
});

test('a worn tablet is retired by keyboard and replaced, and the list says which by which', async () => {
  await enrolled();
  const old = ids[1];
  await row(old).waitFor();
  const isChosen = () => row(old).evaluate((element) => element.classList.contains('chosen'));
  for (const key of ['k', 'k', 'k', 'j', 'j', 'j']) {
    await page.keyboard.press(key);
    if (await isChosen()) break;
  }
  assert.ok(await isChosen());
  await page.keyboard.press('Enter');
  await at('tablet-dialog').waitFor();
  await shot('one');
  await accessible('one tablet');
  await at('act-replace').click();
  await at('ending').waitFor();
  await shot('replace');
  await accessible('replacing');
  await at('ending-go').click();
  await at('code-qr').waitFor();
  const text = await at('code-qr').getAttribute('data-qr');
  const tablet = await Tablet.start(stage);
  await tablet.call({ do: 'enrol-device', text });
  await at('code-used').waitFor();
  await page.keyboard.press('Escape');
  const state = await tablet.call({ do: 'state' });
  ids.push(state.device.id.split('/').at(-1));
  await until('the old one to be replaced', async () => (await row(old).textContent()).includes(ids[2]));
  const [was] = (await devices()).filter(({ id }) => id === old);
  assert.deepEqual([was.status, was.replacedBy, was.officers], ['retired', ids[2], []]);
});

test('a stolen tablet is revoked in one step, with the officer on it', async () => {
  const stolen = ids[0];
  await row(stolen).getByRole('button').click();
  await at('act-revoke').click();
  await at('ending-go').click();
  await page.getByText('请选一个原因').last().waitFor();
  assert.match(await at('ending').textContent(), new RegExp(OFFICERS[0].name));
  await at('reason-stolen').click();
  await shot('revoke');
  await accessible('revoking');
  await at('ending-go').click();
  await at('tablet-dialog').locator('[data-state=revoked]').waitFor();
  await shot('revoked');
  await page.keyboard.press('Escape');
  const { keys } = await server.admin('people');
  const status = (end) => keys.filter(({ name }) => name.endsWith(end)).map((key) => key.status);
  assert.deepEqual(status(`/device/${stolen}`), ['revoked']);
  // His key on the stolen tablet; the one on the replaced tablet was retired with it.
  assert.deepEqual(status(`/officer/${server.officers[0]}`).toSorted(), ['retired', 'revoked']);
  await row(stolen).locator('[data-state=revoked]').waitFor();
});

test('what contradicts stands first, in both languages, themes, and on a small screen', async () => {
  await page.route('**/api/v1/admin/devices', async (route) => {
    const answer = await route.fetch();
    const list = await answer.json();
    const one = list.devices.find(({ id }) => id === ids[2]);
    const ago = (hours) => new Date(Date.parse(list.now) - hours * 3_600_000).toISOString();
    one.alarms = [
      { code: 'went-back', number: 214, at: ago(2), seen_at: null },
      { code: 'other-chain', number: 198, at: ago(30), seen_at: null },
    ];
    Object.assign(one, { seen_at: ago(90), heartbeat_at: ago(90), silent: true, packets_said: 42, packets_here: 40, photos_said: 214, photos_here: 199 });
    await route.fulfill({ response: answer, json: list });
  });
  await page.keyboard.press('2');
  await row(ids[2]).waitFor();
  await until('the alarm', async () => /旧的副本/.test(await row(ids[2]).textContent()));
  assert.equal(await at('tablet').count(), 1);
  await page.keyboard.press('1');
  assert.equal(await at('tablet').first().getAttribute('data-id'), ids[2]);
  await shot('alarm');
  await accessible('the list with an alarm');
  await row(ids[2]).getByRole('button').click();
  await at('alarms').waitFor();
  await shot('alarms');
  await accessible('a tablet with alarms');
  await page.keyboard.press('Escape');
  await at('me').click();
  await at('english').click();
  await at('theme-dark').click();
  await page.keyboard.press('Escape');
  for (const [width, height] of [[1280, 800], [800, 1280], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await shot(`dark-${width}`);
    await accessible(`the list in the dark, ${width} wide`);
    await row(ids[2]).getByRole('button').click();
    await at('alarms').waitFor();
    await at('act-replace').click();
    await shot(`dark-replace-${width}`);
    await accessible(`a tablet in the dark, ${width} wide`);
    await page.keyboard.press('Escape');
    await at('new-code').click();
    await at('code-make').click();
    await at('code-qr').waitFor();
    await shot(`dark-code-${width}`);
    await accessible(`a code in the dark, ${width} wide`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing hangs over at ${width}`);
    await page.keyboard.press('Escape');
  }
});

test('the pages threw nothing and asked no one else', () => {
  assert.deepEqual(faults.flat(), []);
});
