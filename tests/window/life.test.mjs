// A tablet's life in the real window: enrolled by pictures of QR codes (WebKit's mock camera can't show one), a foreign code
// told apart, and in the end retired: it takes no photos any more.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { pictureFile } from './photos.mjs';
import { Server } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, PINS, screen, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const stage = new Stage();
let server;
let tablet;
let window;
let folder;
const chapter = chapters(() => tablet);

/** A picture of a new code, as `fieldseal admin` writes it. */
function code(name, ...words) {
  const path = join(folder, `${name}.png`);
  server.admin(['enrol-code', ...words, '--qr', path]);
  return path;
}

const hint = (name) => until(`the hint ${name}`, async () => (await window.attribute(at('scan-hint'), 'data-hint')) === name);

before(async () => {
  server = await Server.start(stage);
  folder = stage.folder('codes');
  tablet = await Tablet.start(stage, 'life');
  window = tablet.window;
});
after(() => stage.end());

chapter('the first screen opens the camera, or says why not', async () => {
  await window.find(screen('first-run'));
  await until('the camera or its absence', async () => (await window.has(at('scan-live'))) || (await window.has(at('scan-no-camera'))));
  await tablet.keep('first-run');
});

chapter('a picture without a code, and one of a foreign code, are told apart', async () => {
  await window.choose(at('scan-file'), [pictureFile(folder, 'bare.png', 3)]);
  await hint('no-code');
  await window.choose(at('scan-file'), [code('foreign', 'device', '--url', 'http://evidence.example')]);
  await hint('foreign');
  await tablet.keep('foreign');
});

chapter('a picture of the code enrols the tablet, and of theirs the officers', async () => {
  await window.choose(at('scan-file'), [code('device', 'device', '--team', '新华路街道中队', '--url', server.url)]);
  await window.find(at('enrol-preview'));
  await tablet.keep('seen');
  await window.click(at('enrol-go'));
  for (const [index, pin] of PINS.entries()) {
    const { id } = server.admin(['add-person', '--name', `队员${index}`, '--badge', `沪执${index}`]);
    await window.click(at('scan-officer'));
    await window.choose(at('scan-file'), [code(`officer-${index}`, 'officer', id, '--url', server.url)]);
    await window.find(at('officer-preview'));
    assert.match(await window.text(at('officer-preview')), new RegExp(`队员${index}`));
    await window.type(at('officer-pin'), pin);
    await window.type(at('officer-pin-again'), pin);
    await window.click(at('officer-go'));
    await until('the officer to be there', async () => (await window.count(at('officer-row'))) === index + 1);
  }
  await window.click(at('officers-done'));
  await window.find(screen('today'));
});

chapter('retired, it takes no photos and says so', async () => {
  await window.click(at('nav-me'));
  await window.click(at('retire-open'));
  await window.type(at('leave-pin'), PINS[0]);
  await tablet.keep('retire');
  await window.click(at('leave-go'));
  await window.find(at('retired'));
  assert.equal(server.admin(['devices']).devices[0].status, 'retired');
  await window.click(at('nav-today'));
  await window.find(at('retired-today'));
  await tablet.keep('retired');
});
