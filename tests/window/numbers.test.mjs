// Android's shape of a call: a web view there hands no raw bytes over, so that a photo arrives as a list of numbers. A page whose
// policy does not let it reach `ipc:` takes the same way here.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';

import { file, pictureFile } from './photos.mjs';
import { Server } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, screen, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const stage = new Stage();
let server;
let tablet;
let window;
const chapter = chapters(() => tablet);

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, 'numbers');
  window = tablet.window;
});
after(() => stage.end());

const digest = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What a command answers, or the code of its refusal. */
const asked = (command, body, headers = {}) =>
  window.run(
    `const [command, body, headers] = arguments;
     return window.__TAURI_INTERNALS__.invoke(command, body, { headers }).then((answer) => ({ answer }), (problem) => ({ code: problem.code }));`,
    command,
    body,
    headers,
  );

const photos = async () => {
  const [{ id }] = await tablet.call({ do: 'drafts' });
  return (await tablet.call({ do: 'draft', id })).photos;
};

chapter('the page may no longer hand over raw bytes, and enrols all the same', async () => {
  await window.run(`
    globalThis.blocked = [];
    addEventListener('securitypolicyviolation', (event) => blocked.push(event.blockedURI));
    const policy = document.createElement('meta');
    policy.httpEquiv = 'Content-Security-Policy';
    policy.content = "connect-src 'self' evidence: http://evidence.localhost";
    document.head.append(policy);`);
  await tablet.enrol(server);
  await tablet.addOfficers(server);
  assert.ok((await window.run('return blocked')).some((address) => address.startsWith('ipc')), 'the raw way was refused');
  assert.equal(await window.run("return fetch('ipc://localhost/call', { method: 'POST' }).then(() => 'answered', () => 'refused')"), 'refused');
});

chapter('photos by file and by camera arrive as they are', async () => {
  await window.click(at('open-camera'));
  await window.find(screen('camera'));
  const folder = stage.folder('photos');
  const files = [
    pictureFile(folder, '全景 1.png', 3),
    file(folder, 'every-byte.bin', Buffer.from(Array.from({ length: 70_000 }, (_, n) => n % 256))),
    file(folder, 'empty.jpg', Buffer.alloc(0)),
  ];
  await window.choose(at('file-input'), files);
  await tablet.photosAre(3);
  const stored = await photos();
  assert.deepEqual(stored.map((photo) => photo.sha256), files.map(digest));
  assert.equal(stored[0].originalName ?? '全景 1.png', '全景 1.png');
  await window.click(at('shutter'));
  await window.find(`${at('capture-count')}[data-count="4"]`, { patience: 120_000 });
  await tablet.keep('by-numbers');
});

chapter('a list that is no photo is refused, and nothing of it is kept', async () => {
  const from = { 'x-fieldseal-source': 'file-input' };
  for (const wrong of [[256], [-1], [1.5], ['1'], [null], { 0: 1 }]) {
    assert.equal((await asked('capture', wrong, from)).code, 'bad-request', JSON.stringify(wrong));
  }
  assert.equal((await photos()).length, 4);
  const { answer } = await asked('scan', Array.from({ length: 64 * 64 }, () => 255), { 'x-fieldseal-width': '64' });
  assert.ok(answer, 'a picture without a code is an answer');
});

chapter('a platform without a camera and a finger of its own says so', async () => {
  assert.equal((await asked('camera', { request: { do: 'open' } })).code, 'unsupported');
  assert.equal((await asked('biometric', { request: { do: 'state', officer: 'o1' } })).code, 'unsupported');
  assert.equal((await asked('camera', { request: { do: 'explode' } })).code, 'bad-request');
});

chapter('the packet is sealed and becomes safe', async () => {
  await window.click(at('to-describe'));
  await window.find(screen('describe'));
  await window.click(at('choice-stage-suspected'));
  await window.click(at('party-absent'));
  await tablet.sealAndSend();
  await until('the packet to be safe', async () => {
    const { packets } = await tablet.call({ do: 'packets', page: 0, filter: null });
    return packets.length === 1;
  });
});
