// Kinds as data: forms that the administrator brings in reach a tablet without any code, are filled in with sections, rules
// and constraints in both languages, and go into the packet; a newer version is for the drafts after it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { picture } from '../../lib/pictures.mjs';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { OFFICERS, Server } from '../lib/server.mjs';
import { ROOT, screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const MORE = ['waste-sorting', 'construction-site', 'street-order'];
const file = (kind) => join(ROOT, 'crates/packet/forms/more', `${kind}.json`);
const SIZES = [
  { width: 390, height: 844 },
  { width: 800, height: 1280 },
  { width: 1280, height: 800 },
];
let server;
let tablet;
let page;
let faults;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const there = (id) => page.waitForSelector(`[data-testid="${id}"]`);
const gone = (id) => page.waitForSelector(`[data-testid="${id}"]`, { state: 'detached' });
const saved = () => page.waitForSelector('[data-testid="describe-saved"][data-saved="true"]');
const kinds = async () => (await tablet.call({ do: 'forms' })).filter((form) => form.offered).map((form) => form.kind);

before(async () => {
  server = await Server.start(stage);
  for (const kind of MORE) await server.admin('import-form', file(kind));
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  // They come with the first heartbeat.
  await until('the kinds to be delivered', async () => (await kinds()).length === 6);
  ({ page } = await openBrowser(stage, { extra: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] }));
  faults = complaints(page);
  shot = photographer(page, screens('kinds-test'));
});
after(() => stage.end());

/** The whole of the screen at once, to be looked at; nothing may stick out or be too small for a finger. */
async function looks(name) {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const tall = await page.locator('[data-screen] .body').evaluateAll((bodies) => Math.max(0, ...bodies.map((body) => body.scrollHeight - body.clientHeight)));
    await page.setViewportSize({ ...size, height: size.height + tall });
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const faulty = await page.evaluate(() => {
      const name = (element) => element.dataset.testid ?? `${element.tagName}.${element.className}`;
      const out = [...document.querySelectorAll('main *')].filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
      const small = [...document.querySelectorAll('main :is(button, input, textarea)')].filter((element) => element.getBoundingClientRect().height < 48);
      return [...out.map((element) => `sticks out: ${name(element)}`), ...small.map((element) => `too small: ${name(element)}`)];
    });
    assert.deepEqual(faulty, [], `${name} ${size.width}`);
    await shot(`${name}-${size.width}`);
  }
  await page.setViewportSize(SIZES[2]);
}

async function speak(language, theme) {
  await tablet.call({ do: 'settings', language, theme });
  await page.waitForFunction((wanted) => document.documentElement.lang.startsWith(wanted), language);
}

let draft;

test('a delivered kind: picker, shots, describe by its rules', async () => {
  await page.goto(tablet.address);
  await there('kind-waste-sorting');
  await looks('today-zh');
  await at('kind-waste-sorting').click();
  await there('shot-bin-inside');
  assert.equal(await at('shot-mixed-close-up').count(), 0, 'asked for once something is mixed');
  await at('shutter').click();
  await page.waitForFunction(() => !document.querySelector('[data-testid="to-describe"]').disabled);
  await at('to-describe').click();
  await there('section-found');
  [{ id: draft }] = await tablet.call({ do: 'drafts' });
  assert.equal(await at('section-order').count(), 1);
  assert.equal(await at('note-look-inside').count(), 1);
  await at('choice-unit-type-restaurant').click();
  await there('field-credit-code');
  await at('field-credit-code').fill('91310106');
  await at('field-unit-name').fill('江宁路小吃店');
  await at('choice-problems-mixed').click();
  await there('field-wet-kg');
  await at('field-wet-kg').fill('12.5');
  await at('plus-bins').click();
  await at('field-bins-mixed').fill('3');
  await at('field-bins-mixed').blur();
  await at('choice-ordered-yes').click();
  await there('field-correct-by');
  await at('field-correct-by').fill('2020-01-01');
  await at('field-correct-by').blur();
  await saved();
  await page.waitForFunction(() => ['bins-mixed', 'correct-by', 'credit-code'].every((id) => document.querySelector(`[data-testid="violation-${id}"]`).textContent.trim() !== ''));
  assert.match(await at('violation-bins-mixed').textContent(), /混投桶数不应多于投放桶数/);
  assert.deepEqual(await barriers(page), []);
  await looks('describe-zh');
  await speak('en', 'dark');
  assert.match(await at('violation-correct-by').textContent(), /Not before today/);
  await looks('describe-en-dark');
  await speak('zh', 'sun');
  await looks('describe-zh-sun');
  await speak('zh', 'light');
  // What hangs on an answer goes with it, and its violation too.
  await at('choice-ordered-no').click();
  await gone('field-correct-by');
  await saved();
  const { violations, missingShots, hidden } = await tablet.call({ do: 'draft', id: draft });
  assert.deepEqual(violations.map(({ field }) => field), ['credit-code', 'bins-mixed']);
  assert.ok(missingShots.includes('mixed-close-up') && hidden.shots.includes('vehicle'));
});

test('a newer version is for new drafts; the open one keeps its form', async () => {
  const newer = JSON.parse(readFileSync(file('waste-sorting')));
  newer.version = '1.1.0';
  newer.name = { zh: '垃圾分类（新）', en: 'Waste sorting, new' };
  newer.fields = newer.fields.filter(({ id }) => id !== 'credit-code');
  const path = join(stage.folder('forms'), 'newer.json');
  writeFileSync(path, JSON.stringify(newer));
  await server.admin('import-form', path);
  await server.admin('retire-kind', 'street-order');
  newer.fields[0].id = 'address';
  writeFileSync(path, JSON.stringify({ ...newer, version: '1.2.0' }));
  await assert.rejects(server.admin('import-form', path), /every kind has a field of this id/);
  const { forms, retired } = await server.admin('forms');
  assert.deepEqual(forms.map(({ kind, version }) => `${kind} ${version}`), [...MORE.map((kind) => `${kind} 1.0.0`), 'waste-sorting 1.1.0']);
  assert.deepEqual(retired, ['street-order']);
});

test('violations are told before the signatures and keep nothing from being sealed; the form goes along', async () => {
  const query = new URLSearchParams({ draft, source: 'camera', shot: 'bin-inside' });
  const stored = await fetch(`${tablet.address}/capture?${query}`, { method: 'POST', body: picture(7), headers: { 'content-type': 'application/octet-stream' } });
  assert.ok(stored.ok);
  await at('to-seal').click();
  await there('seal-violations');
  assert.match(await at('seal-violations').textContent(), /混投桶数不应多于投放桶数/);
  assert.deepEqual(await barriers(page), []);
  await looks('seal-zh');
  await speak('en', 'light');
  await looks('seal-en');
  await speak('zh', 'light');
  await tablet.call({ do: 'party', id: draft, party: { presence: 'refused', name: null, note: 'informed-refused' } });
  for (const [index, { pin }] of OFFICERS.entries()) await tablet.call({ do: 'sign', id: draft, officer: server.officers[index], pin });
  await tablet.call({ do: 'seal', id: draft });
  await tablet.call({ do: 'upload-now', id: null });
  await until('the packet to be safe', async () => (await tablet.call({ do: 'packet', id: draft })).summary.state === 'safe');
  const { packets } = await server.admin('packets');
  assert.equal(packets.length, 1);
  assert.notEqual(packets[0].verdict, 'failed');
  const out = join(stage.folder('export'), 'out');
  await server.admin('export', draft, '--out', out);
  const form = readFileSync(file('waste-sorting'));
  // Stored, not packed: the bytes stand in the packet as they are.
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(files.some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(form)), 'byte for byte as it was brought in');
  assert.deepEqual(faults, []);
});
