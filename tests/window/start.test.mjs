// The app as `./x run` starts it: with an enrolment text, so that the officers are the first thing it asks for.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { Server } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const stage = new Stage();
let server;
let tablet;
const chapter = chapters(() => tablet);

before(async () => {
  server = await Server.start(stage);
});
after(() => stage.end());

chapter('a tablet that is started with its code enrols itself', async () => {
  tablet = await Tablet.start(stage, 'start', { FIELDSEAL_ENROL: server.deviceCode() });
  await tablet.window.find(at('officer-code'));
  await tablet.keep('officers-first');
});

chapter('the page evaluates nothing, and asks no other host', async () => {
  assert.equal(await tablet.window.run("try { return eval('1'); } catch (refused) { return refused.name; }"), 'EvalError');
  assert.equal(await tablet.window.run(`return fetch('${server.url}/healthz').then(() => 'answered', () => 'refused')`), 'refused');
});

chapter('a code that was used is refused in one sentence', async () => {
  const code = server.officerCode(0);
  for (const expected of [1, 1]) {
    await tablet.window.type(at('officer-code'), code);
    await tablet.window.type(at('officer-pin'), '135790');
    await tablet.window.type(at('officer-pin-again'), '135790');
    await tablet.window.click(at('officer-go'));
    await until('the officer to be there', async () => (await tablet.window.count(at('officer-row'))) === expected);
  }
  assert.equal(await tablet.window.attribute(at('problem-bar'), 'data-code'), 'code-invalid');
  await tablet.keep('code-used');
});

chapter('started again with another code, it stays the tablet it is', async () => {
  const people = () => server.admin(['people']).keys.filter((key) => key.kind === 'device').length;
  assert.equal(people(), 1);
  await tablet.close();
  await tablet.open();
  await tablet.unlock(0, '135790');
  await tablet.window.find(at('nav-me'));
  assert.equal(people(), 1);
});
