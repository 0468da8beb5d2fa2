// A forgotten PIN in Chromium: the officer asks at the lock, a camera reads the request off the screen, the administrator
// answers on the command line, the tablet photographs the answer, and the officer is in.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { picture } from '../../lib/pictures.mjs';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { photo } from '../lib/codes.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const NEW_PIN = '975310';
const stage = new Stage();
const faults = [];
const found = [];
let server;
let tablet;
let folder;
let page;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const screen = (name) => page.waitForSelector(`[data-screen="${name}"]`);

async function accessible(name) {
  for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
}

before(async () => {
  server = await Server.start(stage);
  folder = stage.folder('answers');
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  const { id } = await tablet.call({ do: 'draft-open', kind: 'illegal-structure', supplements: null });
  await fetch(`${tablet.address}/capture?draft=${id}&source=camera`, { method: 'POST', body: picture(1), headers: { 'content-type': 'application/octet-stream' } });
  await tablet.call({ do: 'lock' });
  ({ page } = await openBrowser(stage, { viewport: { width: 800, height: 1280 } }));
  page.setDefaultTimeout(60_000);
  faults.push(complaints(page));
  shot = photographer(page, screens('forgotten'));
  await page.goto(tablet.address);
  await screen('lock');
});

after(() => stage.end());

test('at the lock the officer chooses a new PIN, and the tablet shows what to send', async () => {
  await shot('lock');
  await at('pin-forgot').click();
  await at('forgot-pin').fill(NEW_PIN);
  await at('forgot-again').fill('111111');
  assert.ok(await at('forgot-ask').isDisabled(), 'two different PINs');
  await shot('choose');
  await accessible('choosing a new PIN');
  await at('forgot-again').fill(NEW_PIN);
  await at('forgot-ask').click();
  await at('forgot-request').waitFor();
  await shot('request');
  await accessible('the request');
  for (const [width, height] of [
    [1280, 800],
    [390, 844],
  ]) {
    await page.setViewportSize({ width, height });
    await shot(`request-${width}`);
  }
  await page.setViewportSize({ width: 800, height: 1280 });
});

test('a request waits through a closed app, and only the right code gets an answer', async () => {
  await page.reload();
  await at('pin-forgot').click();
  await at('forgot-request').waitFor();
  const request = join(folder, 'request.txt');
  writeFileSync(request, await at('forgot-text').inputValue());
  const key = join(server.data, '..', 'data.recovery.key');
  const shown = await server.admin('recover-pin', request);
  assert.equal(shown.officer, server.officers[0]);
  await assert.rejects(server.admin('recover-pin', request, '--key', key, '--compare', '0000-0000-0000'));
  const code = (await at('forgot-compare').textContent()).toLowerCase();
  const qr = join(folder, 'answer.svg');
  await server.admin('recover-pin', request, '--key', key, '--compare', code, '--qr', qr);

  await at('forgot-scan').click();
  await at('scan-file').setInputFiles(photo(qr, join(folder, 'answer.png')));
  await at('forgot-scan').waitFor();
  assert.match(await at('forgot-answer').inputValue(), /\/pin-answer\/v1\n/);
  await at('forgot-answer-pin').fill('222222');
  await at('forgot-go').click();
  await page.waitForSelector('[data-testid="problem-bar"][data-code="wrong-pin"], [data-testid="forgot"] [data-code="wrong-pin"]');
  await shot('wrong-pin');
  await at('forgot-answer-pin').fill(NEW_PIN);
  await at('forgot-go').click();
  await screen('today');
  assert.equal(await at('draft-0').count(), 1, 'the draft is there');
  await at('nav-me').first().click();
  await screen('me');
  await shot('me');
  await accessible('me after the reset');
});

test('the old PIN is void, and the other officer notices nothing', async () => {
  const unlock = (index, pin) => tablet.call({ do: 'unlock', officer: server.officers[index], pin });
  await tablet.call({ do: 'lock' });
  await assert.rejects(unlock(0, OFFICERS[0].pin), /wrong-pin/);
  await unlock(0, NEW_PIN);
  await tablet.call({ do: 'lock' });
  await unlock(1, OFFICERS[1].pin);
});

test('no screen keeps anyone out (WCAG 2.2 AA)', () => {
  assert.deepEqual(found, []);
});

test('the pages threw nothing and asked no one else', () => {
  assert.deepEqual(faults.flat(), []);
});
