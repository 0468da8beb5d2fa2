// Two officers, two tablets, the server away: each screen photographs the other's codes, and the packet has both signatures.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { picture } from '../../lib/pictures.mjs';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const faults = [];
const found = [];
let server;
let folder;
/** The lead's tablet, and the second officer's: `{ tablet, page, shot, at }`. */
let first;
let second;
let draft;

/** A tablet with the key of one officer. */
async function desk(name, officer, viewport) {
  const tablet = await Tablet.start(stage, { ui: true });
  await tablet.call({ do: 'enrol-device', text: await server.deviceText() });
  await tablet.call({ do: 'enrol-officer', code: await server.officerCode(officer), pin: OFFICERS[officer].pin });
  const { page } = await openBrowser(stage, { viewport });
  page.setDefaultTimeout(60_000);
  faults.push(complaints(page));
  await page.goto(tablet.address);
  const at = (id) => page.locator(`[data-testid="${id}"]`);
  await page.waitForSelector('[data-screen="today"], [data-testid="officers-done"]');
  if ((await at('officers-done').count()) > 0) await at('officers-done').click();
  await page.waitForSelector('[data-screen="today"]');
  return { tablet, page, at, shot: photographer(page, screens(`cosign-${name}`)) };
}

/** One tablet's camera before the other's screen. */
async function sees(to, from, code) {
  const path = join(folder, `${code}.png`);
  await from.at(code).screenshot({ path });
  await to.at('scan-file').setInputFiles(path);
}

async function accessible(desk, name) {
  for (const barrier of await barriers(desk.page)) found.push(`${name}: ${barrier}`);
}

before(async () => {
  server = await Server.start(stage);
  folder = stage.folder('codes');
  first = await desk('first', 0, { width: 800, height: 1280 });
  second = await desk('second', 1, { width: 800, height: 1280 });
});

after(() => stage.end());

test("the second officer's card makes them known on the first tablet", async () => {
  await server.leave();
  await second.at('nav-me').first().click();
  await second.at('cosign-card').click();
  await second.at('cosign-card-code').waitFor();
  await second.shot('card');
  await accessible(second, 'the card');
  await first.at('nav-me').first().click();
  await first.at('cosign-meet').click();
  await sees(first, second, 'cosign-card-code');
  await first.at('cosign-met').waitFor();
  assert.match(await first.at('cosign-met').textContent(), new RegExp(OFFICERS[1].name));
  await first.shot('met');
  await first.tablet.call({ do: 'on-duty', lead: server.officers[0], second: server.officers[1] });
});

test('the second officer compares, signs on their own tablet, and the packet has two signatures', async () => {
  await first.tablet.call({ do: 'no-position', reason: 'unavailable' });
  const opened = await first.tablet.call({ do: 'draft-open', kind: 'illegal-structure', supplements: null });
  draft = opened.id;
  for (const n of [1, 2, 3]) {
    const answer = await fetch(`${first.tablet.address}/capture?draft=${draft}&source=camera`, { method: 'POST', body: picture(n), headers: { 'content-type': 'application/octet-stream' } });
    assert.ok(answer.ok, await answer.text());
  }
  await first.tablet.call({ do: 'describe', id: draft, facts: { address: '昌平路 710 号屋顶' } });
  await first.tablet.call({ do: 'party', id: draft, party: { presence: 'absent', name: null, note: null } });
  await until('the previews', async () => (await first.tablet.call({ do: 'draft', id: draft })).photos.every((photo) => photo.previewProblem !== 'pending'));
  await first.at('nav-today').first().click();
  await first.at('draft-0').click();
  await first.page.waitForSelector('[data-screen="describe"]');
  await first.at('to-seal').click();
  await first.page.waitForSelector('[data-screen="seal"]');
  await first.at('sign-0').click();
  await first.at('pin-input').fill(OFFICERS[0].pin);
  await first.at('pin-go').click();
  await first.at('signed-0').waitFor();
  await first.at('sign-1').click();
  await first.at('cosign-ask-code').waitFor();
  await first.shot('ask');
  await accessible(first, 'the question');

  await second.page.keyboard.press('Escape');
  await second.at('cosign-sign-for').click();
  await sees(second, second, 'cosign-sign-for');
  await second.page.waitForSelector('[data-testid="scan-hint"][data-hint="no-code"]');
  await sees(second, first, 'cosign-ask-code');
  await second.at('cosign-compare').waitFor();
  assert.equal(await second.at('cosign-compare').textContent(), await first.at('cosign-compare').textContent());
  assert.match(await second.at('sign-for').textContent(), /昌平路 710 号屋顶/);
  await second.shot('compare');
  await accessible(second, 'the comparison');
  await second.at('pin-input').fill(OFFICERS[1].pin);
  await second.at('pin-go').click();
  await second.at('cosign-answer-code').waitFor();
  await second.shot('answer');

  await first.at('cosign-take').click();
  await sees(first, second, 'cosign-answer-code');
  await first.at('signed-1').waitFor();
  await first.shot('signed');
  await accessible(first, 'the seal');
});

test('sealed and safe like any other, and the server finds two officers', async () => {
  await server.comeBack();
  await first.tablet.call({ do: 'seal', id: draft });
  await first.tablet.call({ do: 'upload-now', id: null });
  await until('the packet to be safe', async () => (await first.tablet.call({ do: 'packet', id: draft })).summary.state === 'safe');
  assert.equal((await first.tablet.call({ do: 'packet', id: draft })).signatures.length, 2);
  for (const complaint of faults.flat()) assert.fail(complaint);
  assert.deepEqual(found, []);
});
