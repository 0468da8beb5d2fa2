// A return walked through: the reviewer's reason on the tablet's home, a supplement begun from there and gone on with after a look elsewhere,
// and on the console each beside the other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { picture } from '../../lib/pictures.mjs';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { signIn } from '../lib/reviewer.mjs';
import { OFFICERS, PASSWORD, Server } from '../lib/server.mjs';
import { screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const SIZES = [[800, 1280], [390, 844], [1280, 800]];
const REASON = '缺门牌照片，请补拍';
const stage = new Stage();
const found = [];
const faults = [];
let server;
let tablet;
let page;
let shot;
let first;
let supplement;

const at = (id) => page.locator(`[data-testid="${id}"]`);

async function everySize(name) {
  for (const barrier of await barriers(page)) found.push(`${name}: ${barrier}`);
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    await shot(`${name}-${width}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: nothing hangs over at ${width}`);
  }
}

async function decide(id, decision, reason) {
  const json = { 'content-type': 'application/json' };
  const session = await fetch(`${server.address}/api/v1/session`, { method: 'POST', headers: json, body: JSON.stringify({ account: server.account, password: PASSWORD }) });
  const cookie = session.headers.get('set-cookie').split(';')[0];
  const { csrf } = await session.json();
  const { packet_digest } = await (await fetch(`${server.address}/api/v1/review/packets/${id}`, { headers: { cookie } })).json();
  const headers = { ...json, cookie, 'x-fieldseal-csrf': csrf };
  const answer = await fetch(`${server.address}/api/v1/review/packets/${id}/decision`, { method: 'POST', headers, body: JSON.stringify({ decision, reason, packet_digest }) });
  assert.ok(answer.ok, `the decision: ${answer.status}`);
}

const stateOf = async (id) => (await tablet.call({ do: 'packet', id })).summary.state;

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  first = await tablet.packet(server, { address: '昌平路1086号屋顶', photos: [['panorama', picture(1)]], facts: { note: '第一次' } });
  await decide(first, 'returned', REASON);
  await until('the return to come to the tablet', async () => {
    await tablet.call({ do: 'upload-now', id: null });
    return (await stateOf(first)) === 'returned';
  });
  ({ page } = await openBrowser(stage));
  page.setDefaultTimeout(60_000);
  faults.push(complaints(page));
  shot = photographer(page, screens('returns'));
  await page.goto(tablet.address);
  await page.waitForSelector('[data-screen="today"]');
});

after(() => stage.end());

test('home says which packet came back, and why', async () => {
  await at('tasks-line').waitFor();
  assert.match(await at('tasks-reason').textContent(), new RegExp(REASON));
  await everySize('home');
});

test('the supplement has place and case of the packet that it completes, and can be gone on with', async () => {
  await at('tasks-line').click();
  assert.match(await at('task-0').textContent(), new RegExp(REASON));
  await everySize('tasks');
  await at('task-supplement-0').click();
  await page.waitForSelector('[data-screen="camera"]');
  const tasks = await tablet.call({ do: 'tasks' });
  supplement = tasks[0].supplement;
  assert.equal(tasks[0].supplementState, 'open');
  const draft = await tablet.call({ do: 'draft', id: supplement });
  assert.equal(draft.facts.address, '昌平路1086号屋顶');
  assert.equal(draft.facts.note, undefined, 'what was found is said anew');
  const query = new URLSearchParams({ draft: supplement, source: 'camera', shot: 'door-plate' });
  const taken = await fetch(`${tablet.address}/capture?${query}`, { method: 'POST', body: picture(2), headers: { 'content-type': 'application/octet-stream' } });
  assert.ok(taken.ok);
  await page.goto(tablet.address);
  await at('tasks-line').click();
  await everySize('begun');
  await at('task-go-on-0').click();
  await at('completes').waitFor();
  assert.match(await at('completes').textContent(), new RegExp(REASON));
  await everySize('describe');
});

test('sealed and uploaded it answers the return, and the console shows both together', async () => {
  await tablet.call({ do: 'party', id: supplement, party: { presence: 'refused', name: null, note: 'informed-refused' } });
  for (const [index, { pin }] of OFFICERS.entries()) await tablet.call({ do: 'sign', id: supplement, officer: server.officers[index], pin });
  await tablet.call({ do: 'seal', id: supplement });
  await tablet.call({ do: 'upload-now', id: null });
  await until('the supplement to be safe', async () => (await stateOf(supplement)) === 'safe');
  assert.equal((await tablet.call({ do: 'state' })).tasks, 0);
  await page.goto(tablet.address);
  await page.waitForSelector('[data-screen="today"]');
  await at('tasks-line').waitFor({ state: 'detached' });

  await signIn(page, server);
  await page.goto(`${server.address}/#/packet/${supplement}`);
  await at('related-completes').waitFor();
  assert.equal(await at('related-completes').getAttribute('data-packet'), first);
  assert.match(await at('related').textContent(), new RegExp(REASON));
  await at('related').scrollIntoViewIfNeeded();
  await everySize('console-supplement');
  await page.goto(`${server.address}/#/packet/${first}`);
  await page.waitForSelector(`[data-testid="related-completed-by"][data-packet="${supplement}"]`);
});

test('no screen keeps anyone out (WCAG 2.2 AA)', () => {
  assert.deepEqual(found, []);
});

test('the pages threw nothing and asked no one else', () => {
  assert.deepEqual(faults.flat(), []);
});
