// Describing each kind in Chromium over the real engine: every field that its form has, on three sizes of tablet, in both
// languages; and taps that come faster than they can be saved.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { Server } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const SIZES = [
  { width: 390, height: 844 },
  { width: 800, height: 1280 },
  { width: 1280, height: 800 },
];
let tablet;
let forms;
let page;
let faults;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const saved = () => page.waitForSelector('[data-testid="describe-saved"][data-saved="true"]');

before(async () => {
  const server = await Server.start(stage);
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  forms = await tablet.call({ do: 'forms' });
  ({ page } = await openBrowser(stage, { extra: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] }));
  faults = complaints(page);
  shot = photographer(page, screens('forms-test'));
});
after(() => stage.end());

/** A new draft of the kind, with one photo, on its describe screen. */
async function describe(kind) {
  await page.goto(tablet.address);
  await at(`kind-${kind}`).click();
  await at('shutter').click();
  await page.waitForFunction(() => !document.querySelector('[data-testid="to-describe"]').disabled);
  await at('to-describe').click();
  await page.waitForSelector('[data-screen="describe"]');
  const [{ id }] = await tablet.call({ do: 'drafts' });
  return { id, facts: async () => (await tablet.call({ do: 'draft', id })).facts };
}

/** The whole of the screen at once, to be looked at; nothing may stick out or be too small for a finger. */
async function looks(name) {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const tall = await page.locator('[data-screen="describe"] .body').evaluate((body) => body.scrollHeight - body.clientHeight);
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

for (const kind of ['illegal-structure', 'group-rental', 'billboard']) {
  test(`${kind}: every field is there on every size, in both languages`, async () => {
    const { facts } = await describe(kind);
    const form = forms.find((one) => one.kind === kind);
    for (const field of form.fields) {
      const { id, fieldType } = field;
      if (fieldType === 'choice') {
        const leads = form.fields.filter(({ shownIf }) => shownIf?.field === id);
        const choice = leads.at(-1)?.shownIf.anyOf.at(-1) ?? field.choices.at(-1).id;
        await at(`choice-${id}-${choice}`).click();
        await page.waitForFunction((leading) => leading.every((one) => document.querySelector(`[data-testid^="field-${one}"], [data-testid^="choice-${one}-"]`)), leads.filter(({ shownIf }) => shownIf.anyOf.includes(choice)).map((one) => one.id));
      } else if (fieldType === 'choices') await at(`choice-${id}-${field.choices.at(-1).id}`).click();
      else if (fieldType === 'yes-no') await at(`choice-${id}-no`).click();
      else if (fieldType === 'integer') await at(`plus-${id}`).click();
      else await at(`field-${id}`).fill({ date: '2026-11-20', decimal: '15.4', text: '长宁路 1027 号' }[fieldType]);
    }
    await page.evaluate(() => document.activeElement.blur());
    await saved();
    assert.deepEqual(Object.keys(await facts()).sort(), form.fields.map((field) => field.id).sort(), 'every field was asked for and kept');
    assert.deepEqual(await barriers(page), []);
    await looks(`${kind}-zh`);
    await tablet.call({ do: 'settings', language: 'en', theme: 'dark' });
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    await looks(`${kind}-en-dark`);
    assert.deepEqual(await barriers(page), []);
    await tablet.call({ do: 'settings', language: 'zh', theme: 'light' });
    await page.waitForFunction(() => document.documentElement.lang !== 'en');
  });
}

test('taps faster than the vault are all kept, and "none found" stands alone', async () => {
  const { facts } = await describe('group-rental');
  // The engine answers late.
  await page.route('**/call', async (route) => {
    if (route.request().postDataJSON().do === 'describe') await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  for (const hazard of ['wiring', 'bottled-gas', 'blocked-exit']) await at(`choice-fire-hazards-${hazard}`).click();
  for (let beds = 0; beds < 4; beds += 1) await at('plus-beds').click();
  await saved();
  assert.deepEqual(await facts(), { 'fire-hazards': ['wiring', 'bottled-gas', 'blocked-exit'], beds: 4 });
  await at('choice-fire-hazards-none').click();
  await saved();
  assert.deepEqual((await facts())['fire-hazards'], ['none']);
  await at('choice-fire-hazards-wiring').click();
  await saved();
  assert.deepEqual((await facts())['fire-hazards'], ['wiring']);
});

test('the page threw nothing and asked no one else', () => {
  assert.deepEqual(faults, []);
});
