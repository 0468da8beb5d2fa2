// Every built-in kind from the shutter to safe, in the real window: each field that its form asks for is given, and the
// reviewer reads it. In Chinese, and once in English without a word of Chinese on the way.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { OFFICERS, Reviewer, Server, TEAM } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, screen, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const stage = new Stage();
let server;
let tablet;
let window;
let forms;
const chapter = chapters(() => tablet);
const WORDS = { text: 'Jing 1', date: '2026-11-20', decimal: '15.4' };

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, 'kinds');
  window = tablet.window;
  await tablet.enrol(server);
  await tablet.addOfficers(server);
  forms = await tablet.call({ do: 'forms' });
  assert.deepEqual(forms.map((form) => form.kind), ['illegal-structure', 'group-rental', 'billboard']);
});
after(() => stage.end());

const saved = () => window.find(`${at('describe-saved')}[data-saved="true"]`);

/** Gives a field what its type takes. A choice on which others hang is the one that asks for them. */
async function give(form, field) {
  const { id, fieldType } = field;
  if (fieldType === 'choice' || fieldType === 'choices') {
    const leads = form.fields.find(({ shownIf }) => shownIf?.field === id);
    await window.click(at(`choice-${id}-${leads ? leads.shownIf.anyOf[0] : field.choices[0].id}`));
  } else if (fieldType === 'yes-no') await window.click(at(`choice-${id}-yes`));
  else if (fieldType === 'integer') await window.click(at(`plus-${id}`));
  else if (fieldType === 'date') {
    // A date picker is the system's own: the page sees what comes out of it.
    await window.find(at(`field-${id}`));
    await window.run(`const input = document.querySelector('${at(`field-${id}`)}'); input.value = '${WORDS.date}'; input.dispatchEvent(new Event('input', { bubbles: true }))`);
  } else await window.type(at(`field-${id}`), WORDS[fieldType]);
  await until(`${id} to be saved`, async () => {
    const [{ id: draft }] = await tablet.call({ do: 'drafts' });
    return !(await tablet.call({ do: 'draft', id: draft })).missingFields.includes(id);
  });
}

/** From the kind's chip on the first screen to the last field. */
async function describe(kind) {
  const form = forms.find((one) => one.kind === kind);
  await window.click(at('nav-today'));
  await window.click(at(`kind-${kind}`));
  await window.find(screen('camera'));
  const expected = form.shots.filter((shot) => shot.expected && !shot.shownIf);
  for (const [index] of expected.entries()) {
    await window.click(at('shutter'));
    await tablet.photosAre(index + 1);
  }
  await tablet.keep(`${kind}-camera`);
  await window.click(at('to-describe'));
  await window.find(screen('describe'));
  await tablet.keep(`${kind}-describe-empty`);
  for (const { id } of form.common.filter((common) => common.id !== 'item_code')) await give(form, { id, fieldType: 'text' });
  await window.click(at(`item-code-${form.items[0].code}`));
  const given = [];
  for (const field of form.fields) {
    if (!(await window.has(`${at(`field-${field.id}`)}, [data-testid^="choice-${field.id}-"], ${at(`plus-${field.id}`)}`))) continue;
    await give(form, field);
    given.push(field);
  }
  await window.click(at('party-absent'));
  await saved();
  await tablet.keep(`${kind}-describe`);
  const [{ id }] = await tablet.call({ do: 'drafts' });
  assert.deepEqual((await tablet.call({ do: 'draft', id })).missingFields, [], `${kind}: every field is given`);
  return given;
}

for (const kind of ['illegal-structure', 'group-rental', 'billboard']) {
  chapter(`${kind}: from the shutter to safe, every field as the reviewer reads it`, async () => {
    const given = await describe(kind);
    const packet = await tablet.sealAndSend();
    await tablet.keep(`${kind}-safe`);
    const reviewer = await Reviewer.signIn(server);
    const { fields } = await reviewer.packet(packet);
    for (const field of given) {
      const read = fields.find(({ id }) => id === field.id);
      assert.ok(read?.value.zh && read.value.en, `${kind}: the reviewer reads ${field.id}`);
      assert.deepEqual(read.label, field.label);
    }
  });
}

/** No word of Chinese stands on the screen, but for names and what the officers wrote. */
async function english(name) {
  const text = OFFICERS.reduce((rest, officer) => rest.replaceAll(officer.name, '').replaceAll(officer.badge, ''), await window.text(screen(name)));
  assert.doesNotMatch(text.replaceAll(TEAM, ''), /\p{Script=Han}/u, name);
}

chapter('in English, no word of Chinese stands on any screen, up to the seal and to safe', async () => {
  await tablet.call({ do: 'settings', language: 'en', theme: 'dark' });
  await until('English', () => window.run("return document.documentElement.lang === 'en'"));
  for (const form of forms) {
    if (await window.has(at('back'))) await window.click(at('back'));
    await window.click(at('nav-today'));
    await window.find(screen('today'));
    await english('today');
    await window.click(at(`kind-${form.kind}`));
    await window.click(at('shutter'));
    await tablet.photosAre(1);
    await english('camera');
    await window.click(at('to-describe'));
    await english('describe');
    await tablet.keep(`${form.kind}-describe-en`);
    await window.click(at('party-absent'));
    await saved();
    await window.click(at('to-seal'));
    await window.find(screen('seal'));
    await english('seal');
    await tablet.keep(`${form.kind}-seal-en`);
    await window.click(at('back'));
    await window.find(screen('describe'));
    await tablet.sealAndSend();
    await english('packet');
    await tablet.keep(`${form.kind}-safe-en`);
    await window.click(at('back'));
    await window.click(at('nav-upload'));
    await window.find(at('all-safe'));
    await english('upload');
    await window.click(at('nav-packets'));
    await window.find(`${at('packet-row-0')}[data-state="safe"]`);
    await english('packets');
  }
  await tablet.keep('packets-en');
  await window.click(at('nav-me'));
  await window.find(screen('me'));
});
