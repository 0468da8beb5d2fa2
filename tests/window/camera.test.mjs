// The camera in the real window, with WebKit's own test picture: thirty photos as fast as the shutter allows, and every reason
// why there is no picture.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { pictureFile } from './photos.mjs';
import { Server } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, screen, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const stage = new Stage();
let tablet;
let window;
const chapter = chapters(() => tablet);

before(async () => {
  const server = await Server.start(stage);
  tablet = await Tablet.start(stage, 'camera');
  window = tablet.window;
  await tablet.enrol(server);
  await tablet.addOfficers(server);
});
after(() => stage.end());

const why = (reason) => window.find(`${at('no-camera')}[data-why="${reason}"]`);
const stored = (number) => window.find(`${at('capture-count')}[data-count="${number}"]`, { patience: 60_000 });

/** From now on the web view answers the page's wish for a camera with this error; none gives it its camera back. */
const refuse = (error) =>
  window.run(
    `const media = navigator.mediaDevices;
     globalThis.realCamera ??= media.getUserMedia.bind(media);
     const error = arguments[0];
     media.getUserMedia = (wish) => error ? Promise.reject(new DOMException('', error)) : globalThis.realCamera(wish);`,
    error,
  );

chapter('thirty photos in a row: all stored, in order, none twice', async () => {
  await window.click(at('open-camera'));
  await window.find(at('shutter'));
  await window.run(`
    globalThis.burst = { taken: 0, waiting: 0, sent: [] };
    const bytes = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = async function () {
      const all = await bytes.call(this);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
      burst.sent.push([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
      return all;
    };
    const press = () => {
      const shutter = document.querySelector('${at('shutter')}');
      burst.waiting = Math.max(burst.waiting, Number(document.querySelector('${at('shutter-waiting')}')?.textContent ?? 0));
      if (shutter && !shutter.disabled) {
        shutter.click();
        burst.taken += 1;
      }
      if (burst.taken < 30) requestAnimationFrame(press);
    };
    press();`);
  // Each is a frame of 3840 × 2160, encoded without help from the graphics card.
  await until('thirty taps', () => window.run('return burst.taken === 30'), { patience: 240_000 });
  await stored(30);
  const { sent, waiting } = await window.run('return burst');
  assert.ok(waiting <= 8, `${waiting} photos were held in memory`);
  const [{ id }] = await tablet.call({ do: 'drafts' });
  const { photos } = await tablet.call({ do: 'draft', id });
  assert.deepEqual(photos.map((photo) => photo.sha256), sent, 'as they were shot');
  assert.deepEqual(photos.map((photo) => photo.captureSeq), photos.map((_, n) => photos[0].captureSeq + n), 'no gap in the sequence');
  assert.equal(photos.length, 30);
  await tablet.keepAll('thirty');
});

chapter('a camera that goes away: said, and asked for again', async () => {
  await refuse('NotFoundError');
  await window.run("document.querySelector('video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))");
  await why('lost');
  await tablet.keep('lost');
  await window.click(at('camera-again'));
  await why('none');
  await refuse(null);
  await window.run("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))");
  await window.click(at('shutter'));
  await stored(31);
  await window.click(at('back'));
});

for (const [error, reason] of [
  ['NotAllowedError', 'denied'],
  ['NotReadableError', 'busy'],
]) {
  chapter(`a camera that is ${reason}: said, with the files as a way out`, async () => {
    await refuse(error);
    await window.click(at('open-camera'));
    await why(reason);
    await window.choose(at('file-input'), [pictureFile(stage.folder('photos'), `${reason}.png`, 9)]);
    await stored(1);
    await tablet.keep(reason);
    await window.click(at('camera-again'));
    await why(reason);
    await refuse(null);
    await window.click(at('camera-again'));
    await window.click(at('shutter'));
    await stored(2);
    await window.click(at('back'));
  });
}

chapter('a tablet without a camera: said, with the files as a way out', async () => {
  await tablet.reopen({ FIELDSEAL_TEST_CAMERA: 'none' });
  ({ window } = tablet);
  await tablet.unlock(0);
  await window.click(at('open-camera'));
  await window.find(screen('camera'));
  await why('none');
  await window.choose(at('file-input'), [pictureFile(stage.folder('photos'), 'none.png', 11)]);
  await stored(1);
  await tablet.keepAll('none');
});
