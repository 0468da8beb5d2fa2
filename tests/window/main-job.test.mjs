// The main job in the real window: enrol, two officers, photos by file and by camera, describe, two PINs, seal, upload,
// safe; then a kill in the middle, and a packet that the reviewer sends back. Every screen's picture is kept in
// out/screens/window/ to be looked at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';

import { file, pictureFile } from './photos.mjs';
import { Reviewer, Server } from './server.mjs';
import { killed, program, ROOT, Stage } from './stage.mjs';
import { until, Window } from './webdriver.mjs';

const PICTURES = join(ROOT, 'out/screens/window');
const REASON = '请补拍门牌';
const PINS = ['135790', '246801'];

const stage = new Stage();
let server;
let dataHome;
let driver;
let window;
let count = 0;
let packetDigest;

const at = (id) => `[data-testid="${id}"]`;
const screen = (name) => `[data-screen="${name}"]`;

/** Keeps the picture of what is shown now, in the order of the story. */
async function keep(name) {
  count += 1;
  await window.picture(join(PICTURES, `${String(count).padStart(2, '0')}-${name}.png`));
}

/** A chapter of the story. When it fails, the picture of the moment is kept and what the window said is told. */
function chapter(name, tell) {
  test(name, async () => {
    try {
      await tell();
    } catch (problem) {
      await keep('FAILED').catch(() => {});
      console.error(driver?.said());
      throw problem;
    }
  });
}

async function open() {
  window = await Window.open(driver.address, program('fieldseal-tablet'));
}

async function enterPin(pin) {
  await window.type(at('pin-input'), pin);
  await window.click(at('pin-go'));
}

async function unlock(officer) {
  await window.find(screen('lock'));
  await window.click(at(`officer-${officer}`));
  await window.type(at('unlock-pin'), PINS[officer]);
  await window.click(at('unlock-go'));
}

async function photosAre(number) {
  await until(`${number} photos to be stored`, async () => (await window.text(at('capture-count'))) === String(number));
}

before(async () => {
  server = await Server.start(stage);
  dataHome = stage.folder('tablet');
  driver = await stage.driver(dataHome);
  await open();
});

after(async () => {
  await window?.close().catch(() => {});
  await stage.end();
});

chapter('the tablet is enrolled and two officers come to it', async () => {
  await window.find(screen('first-run'));
  await keep('first-run');
  await window.type(at('enrol-text'), server.deviceCode());
  await window.click(at('enrol-check'));
  await window.find(at('enrol-preview'));
  await keep('enrol-preview');
  await window.click(at('enrol-go'));

  for (const [index, pin] of PINS.entries()) {
    await window.type(at('officer-code'), server.officerCode(index));
    await window.type(at('officer-pin'), pin);
    await window.type(at('officer-pin-again'), pin);
    await window.click(at('officer-go'));
    await until('the officer to be there', async () => (await window.count(at('officer-row'))) === index + 1);
  }
  await keep('officers');
  await window.click(at('officers-done'));
  await window.find(screen('today'));
  await keep('today');
});

chapter('photos come in by file and by camera, whatever the files are', async () => {
  await window.click(at('open-camera'));
  await window.find(screen('camera'));
  const folder = stage.folder('photos');
  await window.choose(at('file-input'), [
    pictureFile(folder, '全景 1.png', 3),
    pictureFile(folder, 'near.png', 5),
    file(folder, 'broken.jpg', Buffer.from('ffd8ffe000104a46494600010100', 'hex')),
    file(folder, 'empty.jpg', Buffer.alloc(0)),
  ]);
  await photosAre(4);
  await window.click(at('shutter'));
  await photosAre(5);
  await keep('camera');
});

chapter('the draft is described and both officers sign', async () => {
  await window.click(at('to-describe'));
  await window.find(screen('describe'));
  assert.equal(await window.count(at('photo-4')), 1, 'five photos are shown');
  await window.click(at('choice-stage-suspected'));
  await window.click(at('party-absent'));
  await keep('describe');
  await window.click(at('to-seal'));
  await window.find(screen('seal'));
  await keep('seal-open');
  for (const [index, pin] of PINS.entries()) {
    await window.click(at(`sign-${index}`));
    await window.find(at('pin-input'));
    if (index === 0) await keep('seal-pin');
    await enterPin(pin);
    await window.find(at(`signed-${index}`));
  }
  await keep('seal-signed');
});

chapter('the packet is sealed, goes to the server and is safe', async () => {
  await window.hold(at('seal-hold'), 1300);
  await window.find(screen('packet'));
  await keep('packet-sealed');
  await window.find(`${at('packet-state')}[data-state="safe"]`, { patience: 60_000 });
  packetDigest = await window.attribute(at('packet-digest'), 'data-digest');
  assert.match(packetDigest, /^[0-9a-f]{64}$/);
  await keep('packet-safe');
  await window.click(at('back'));
  await window.click(at('nav-upload'));
  await window.find(at('all-safe'));
  await keep('upload');
});

chapter('the reviewer sends the packet back', async () => {
  const reviewer = await Reviewer.signIn(server);
  const [id, ...others] = await reviewer.openPackets();
  assert.deepEqual(others, []);
  const packet = await reviewer.packet(id);
  assert.equal(packet.packet_digest, packetDigest, 'what the reviewer sees is what the tablet shows');
  await reviewer.decide(packet, 'returned', REASON);
});

chapter('an acknowledged photo is there after the app was killed', async () => {
  await window.click(at('nav-today'));
  await window.click(at('open-camera'));
  await window.choose(at('file-input'), [pictureFile(stage.folder('photos'), 'before-the-kill.png', 7)]);
  await photosAre(1);
  await killed(program('fieldseal-tablet'), dataHome);
  await window.close().catch(() => {});

  await open();
  await keep('lock');
  await unlock(0);
  await window.find(screen('today'));
  await keep('today-after-kill');
  await window.click(at('draft-0'));
  await window.find(at('photo-0'));
  await keep('draft-after-kill');
});

chapter('a packet that the reviewer sends back is a task', async () => {
  await window.click(at('back'));
  // The tablet asks once a minute.
  await window.find(at('tasks-line'), { patience: 90_000 });
  await keep('today-task');
  await window.click(at('tasks-line'));
  await window.find(at('task-0'));
  assert.match(await window.text(screen('tasks')), new RegExp(REASON));
  await keep('tasks');
  await window.click(at('task-supplement-0'));
  await window.find(screen('camera'));
  await keep('supplement-camera');
});
