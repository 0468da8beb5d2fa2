// The main job in the real window: enrol, two officers, photos by file and by camera, describe, two PINs, seal, upload,
// safe; then a kill in the middle, and a packet that the reviewer sends back. Every screen's picture is kept in
// out/screens/window/ to be looked at.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { file, pictureFile } from './photos.mjs';
import { Reviewer, Server } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, PINS, screen, Tablet } from './tablet.mjs';

const REASON = '请补拍门牌';

const stage = new Stage();
let server;
let tablet;
let window;
let packetDigest;
const chapter = chapters(() => tablet);

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, 'main');
  window = tablet.window;
});
after(() => stage.end());

chapter('the tablet is enrolled and two officers come to it', async () => {
  await tablet.enrol(server);
  await tablet.addOfficers(server);
  await tablet.keep('today');
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
  await tablet.photosAre(4);
  await window.click(at('shutter'));
  await tablet.photosAre(5);
  await tablet.keep('camera');
});

chapter('the draft is described and both officers sign', async () => {
  await window.click(at('to-describe'));
  await window.find(screen('describe'));
  assert.equal(await window.count(at('photo-4')), 1, 'five photos are shown');
  await window.click(at('choice-stage-suspected'));
  await window.click(at('party-absent'));
  await tablet.keep('describe');
  await window.click(at('to-seal'));
  await window.find(screen('seal'));
  await tablet.keep('seal-open');
  for (const [index, pin] of PINS.entries()) {
    // The second officer's PIN is asked for by itself.
    if (index === 0) await window.click(at('sign-0'));
    await window.find(at('pin-input'));
    if (index === 0) await tablet.keep('seal-pin');
    await window.type(at('pin-input'), pin);
    await window.click(at('pin-go'));
    await window.find(at(`signed-${index}`));
  }
  await tablet.keep('seal-signed');
});

chapter('the packet is sealed, goes to the server and is safe', async () => {
  await window.hold(at('seal-hold'), 1300);
  await window.find(screen('packet'));
  await tablet.keep('packet-sealed');
  await window.find(`${at('packet-state')}[data-state="safe"]`, { patience: 60_000 });
  packetDigest = await window.attribute(at('packet-digest'), 'data-digest');
  assert.match(packetDigest, /^[0-9a-f]{64}$/);
  await tablet.keep('packet-safe');
  await window.click(at('back'));
  await window.click(at('nav-upload'));
  await window.find(at('all-safe'));
  await tablet.keep('upload');
  await window.click(at('nav-packets'));
  await window.find(`${at('packet-row-0')}[data-state="safe"]`);
  await tablet.keep('packets');
  await window.click(at('nav-points'));
  await window.find(screen('points'));
  await tablet.keep('points');
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
  await tablet.photosAre(1);
  await tablet.kill();

  await tablet.open();
  ({ window } = tablet);
  await window.find(screen('lock'));
  await tablet.keep('lock');
  await tablet.unlock(0);
  await window.find(screen('today'));
  await tablet.keep('today-after-kill');
  await window.click(at('draft-0'));
  await window.find(at('photo-0'));
  await tablet.keep('draft-after-kill');
});

chapter('a packet that the reviewer sends back is a task', async () => {
  await window.click(at('back'));
  // The tablet asks once a minute.
  await window.find(at('tasks-line'), { patience: 90_000 });
  await tablet.keep('today-task');
  await window.click(at('tasks-line'));
  await window.find(at('task-0'));
  assert.match(await window.text(screen('tasks')), new RegExp(REASON));
  await tablet.keep('tasks');
  await window.click(at('task-supplement-0'));
  await window.find(screen('camera'));
  await tablet.keep('supplement-camera');
});

chapter('English, dark and strong sun', async () => {
  await window.click(at('back'));
  await window.find(at('nav-me'));
  await window.click(at('nav-me'));
  await window.click(at('lang-en'));
  await tablet.keep('me-en');
  for (const theme of ['dark', 'sun']) {
    await window.click(at('nav-me'));
    await window.click(at(`theme-${theme}`));
    await window.click(at('nav-today'));
    await window.find(screen('today'));
    await tablet.keep(`today-en-${theme}`);
  }
});
