// What the main job costs in taps, counted in the real window: two to the first photo, and at most fifteen to a sealed packet of
// six, a PIN entry as one. And what WebKit's mock devices give of a recording.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { Server } from './server.mjs';
import { chapters, Stage } from './stage.mjs';
import { at, PINS, screen, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const FIRST_PHOTO_TAPS = 2;
const PACKET_TAPS = 15;

const stage = new Stage();
let tablet;
let window;
let taps = 0;
const chapter = chapters(() => tablet);

before(async () => {
  const server = await Server.start(stage);
  tablet = await Tablet.start(stage, 'taps');
  window = tablet.window;
  await tablet.enrol(server);
  await tablet.addOfficers(server);
});
after(() => stage.end());

async function tap(id) {
  taps += 1;
  await window.click(at(id));
}

chapter('two taps to the first photo, one for each further one', async () => {
  await tap('open-camera');
  await window.find(at('shutter'));
  await tap('shutter');
  await tablet.photosAre(1);
  assert.equal(taps, FIRST_PHOTO_TAPS);
  for (let photos = 2; photos <= 6; photos += 1) {
    await tap('shutter');
    await tablet.photosAre(photos);
  }
});

chapter('a six-photo packet is sealed within fifteen taps', async () => {
  await tap('to-describe');
  await window.find(screen('describe'));
  await tap('choice-stage-suspected');
  await tap('party-absent');
  await tap('to-seal');
  await window.find(screen('seal'));
  await tap('sign-0');
  for (const [index, pin] of PINS.entries()) {
    taps += 1;
    await window.type(at('pin-input'), pin);
    await window.click(at('pin-go'));
    await window.find(at(`signed-${index}`));
  }
  await tablet.keep('signed');
  taps += 1;
  await window.hold(at('seal-hold'), 1300);
  await window.find(screen('packet'));
  assert.ok(taps <= PACKET_TAPS, `${taps} taps`);
  const { packets } = await tablet.call({ do: 'packets', page: 0, filter: null });
  assert.equal(packets[0].photos, 6);
});

chapter('a video: recorded, or said that this web view can not', async () => {
  await window.click(at('back'));
  await window.click(at('nav-today'));
  await window.click(at('open-camera'));
  await window.find(at('shutter'));
  if ((await window.count(at('film'))) === 0) {
    assert.equal(await window.run("return 'MediaRecorder' in window && ['video/webm', 'video/mp4'].some((type) => MediaRecorder.isTypeSupported(type))"), false);
    return;
  }
  await window.click(at('film'));
  const told = () => window.run("const told = document.querySelector('[data-testid=\"recording\"]'); return told ? Number(told.dataset.stored) : -1");
  const said = () => window.run("return document.querySelector('[data-testid=\"recording-said\"]')?.dataset.code ?? null");
  await until('bytes to be stored, or a reason why not', async () => (await told()) > 0 || (await said()), { patience: 60_000 });
  await tablet.keep('filming');
  if (await said()) {
    console.error(`# no recording in this window: ${await said()}`);
    return;
  }
  await window.click(at('shutter'));
  await until('the recording to be an item', async () => (await told()) === -1, { patience: 60_000 });
  const [{ id }] = await tablet.call({ do: 'drafts' });
  const { photos } = await tablet.call({ do: 'draft', id });
  assert.match(photos[0].mediaType, /^video\//);
  assert.equal(photos[0].recorded.ended, 'stopped');
});
