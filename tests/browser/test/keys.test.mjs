// How the keys stand that sign on a tablet, and an officer's key that hands over to a new one: on the screen, and by the command line.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { picture } from '../../lib/pictures.mjs';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { program, screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const faults = [];
const found = [];
let server;
let tablet;
let page;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const digest = (id) => at(`key-${id}`).getAttribute('data-digest');

async function me() {
  await at('nav-me').first().click();
  await page.waitForSelector('[data-screen="me"]');
  await at('key-officer-0').waitFor();
}

async function accessible(name) {
  for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
}

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  ({ page } = await openBrowser(stage, { viewport: { width: 1280, height: 800 } }));
  page.setDefaultTimeout(60_000);
  faults.push(complaints(page));
  shot = photographer(page, screens('keys'));
  await page.goto(tablet.address);
  await page.waitForSelector('[data-screen="today"]');
});

after(() => stage.end());

test('the screen says how the keys stand', async () => {
  await me();
  const state = await tablet.call({ do: 'state' });
  assert.equal(await digest(state.device.id), state.device.fingerprint);
  assert.equal(await at('key-device').getAttribute('data-standing'), 'enrolled');
  for (const index of [0, 1]) {
    const row = at(`key-officer-${index}`);
    assert.equal(await row.getAttribute('data-standing'), 'enrolled');
    assert.equal(await row.getAttribute('data-took-over'), 'false');
    assert.match(await row.textContent(), /启用/);
  }
  await at('key-device').scrollIntoViewIfNeeded();
  await shot('keys');
  await accessible('the keys');
});

test('a wrong PIN renews nothing, the right one does, and what is signed then is by the new key', async () => {
  const [lead] = server.officers;
  const before = await digest(lead);
  await at('renew-0').click();
  await at('renew-pin').fill('000000');
  await at('renew-go').click();
  await page.waitForSelector('[data-testid="renew-dialog"] [role="alert"]:not(:empty)');
  await shot('wrong-pin');
  await accessible('renewing a key');
  assert.equal(await digest(lead), before);
  await page.waitForFunction(() => !document.querySelector('[data-testid="renew-pin"]').disabled);
  await at('renew-pin').fill(OFFICERS[0].pin);
  await at('renew-go').click();
  await at('key-renewed').waitFor();
  await page.waitForSelector('[data-testid="key-officer-0"][data-took-over="true"]');
  const renewed = await digest(lead);
  assert.notEqual(renewed, before);
  await shot('renewed');
  for (const [width, height] of [
    [800, 1280],
    [390, 844],
  ]) {
    await page.setViewportSize({ width, height });
    await at('key-officer-0').scrollIntoViewIfNeeded();
    await shot(`renewed-${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await tablet.packet(server, { address: '昌平路1086号', photos: [['panorama', picture(1)]] });
});

test('a draft that is signed by one keeps the keys as they are', async () => {
  await tablet.call({ do: 'no-position', reason: 'unavailable' });
  const { id } = await tablet.call({ do: 'draft-open', kind: 'illegal-structure', supplements: null });
  await fetch(`${tablet.address}/capture?draft=${id}&source=camera`, { method: 'POST', body: picture(2), headers: { 'content-type': 'application/octet-stream' } });
  await tablet.call({ do: 'sign', id, officer: server.officers[0], pin: OFFICERS[0].pin });
  const before = await digest(server.officers[1]);
  await at('renew-1').click();
  await at('renew-pin').fill(OFFICERS[1].pin);
  await at('renew-go').click();
  await page.getByRole('alert').filter({ hasText: '另一份草稿正在等签名' }).first().waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await digest(server.officers[1]), before);
  await tablet.call({ do: 'reopen', id });
});

test('the same by the command line, on the vault that the app has left', async () => {
  const second = server.officers[1];
  const before = await digest(second);
  await tablet.host.stop();
  const dir = tablet.words[tablet.words.indexOf('--dir') + 1];
  const words = ['device', '--vault', dir, '--officer', second, '--json', 'rotate-officer'];
  const env = { ...process.env, FIELDSEAL_PIN: OFFICERS[1].pin };
  const said = JSON.parse(await stage.run(program('fieldseal'), words, { env }));
  assert.deepEqual(said, { rotated: true, officer: second });
  const wrong = stage.run(program('fieldseal'), words, { env: { ...env, FIELDSEAL_PIN: '000000' } });
  await assert.rejects(wrong, /wrong-pin/);
  await tablet.run(stage);
  await page.reload();
  await page.waitForSelector('[data-screen="lock"]');
  // The wrong PIN makes the next one wait a little; the other officer's does not.
  await tablet.call({ do: 'unlock', officer: server.officers[0], pin: OFFICERS[0].pin });
  await page.waitForSelector('[data-screen="today"]');
  await me();
  assert.equal(await at('key-officer-1').getAttribute('data-took-over'), 'true');
  assert.notEqual(await digest(second), before);

});

test('no screen keeps anyone out (WCAG 2.2 AA)', () => {
  assert.deepEqual(found, []);
});

test('the pages threw nothing and asked no one else', () => {
  assert.deepEqual(faults.flat().filter((line) => !/ERR_CONNECTION_REFUSED|Failed to fetch|Failed to load resource/.test(line)), []);
});
