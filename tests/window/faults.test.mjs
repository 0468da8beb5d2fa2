// What goes wrong in the field, in the real window: no server, a locked tablet, a wrong PIN, the app opened twice, a
// vault that can't be read.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { pictureFile } from './photos.mjs';
import { Server } from './server.mjs';
import { chapters, program, Stage } from './stage.mjs';
import { at, screen, Tablet } from './tablet.mjs';
import { until } from './webdriver.mjs';

const stage = new Stage();
let server;
let tablet;
let window;
const chapter = chapters(() => tablet);

before(async () => {
  server = await Server.start(stage);
  tablet = await Tablet.start(stage, 'faults');
  window = tablet.window;
  await tablet.enrol(server);
  await tablet.addOfficers(server);
});
after(() => stage.end());

chapter('locked and without a server, photos are taken all the same', async () => {
  await server.stop();
  await window.click(at('nav-me'));
  await window.click(at('lock-now'));
  await window.find(screen('lock'));
  await window.click(at('open-camera'));
  await window.find(screen('camera'));
  await window.choose(at('file-input'), [pictureFile(stage.folder('photos'), 'locked.png', 4)]);
  await tablet.photosAre(1);
  await tablet.keep('camera-locked');
  await window.click(at('back'));
  await window.find(screen('lock'));
});

chapter('a wrong PIN opens nothing and says so', async () => {
  await tablet.unlock(0, '000000');
  await window.find(at('problem-bar'));
  assert.equal(await window.attribute(at('problem-bar'), 'data-code'), 'wrong-pin');
  await tablet.keep('wrong-pin');
  assert.ok(await window.has(screen('lock')), 'it stays locked');
});

chapter('the right PIN shows the photo that was taken while locked', async () => {
  await tablet.unlock(1);
  await window.click(at('nav-today'));
  await window.click(at('draft-0'));
  await window.find(at('photo-0'));
  await tablet.keep('draft-offline');
});

chapter('a second window says in one sentence that the vault is in use', async () => {
  const second = stage.start(program('fieldseal-tablet'), [], {
    env: { ...process.env, DISPLAY: await stage.display(), XDG_DATA_HOME: tablet.dataHome },
  });
  await until('the second window to say it', () => /in use/.test(second.said()));
  await stage.stop(second);
  await window.find(at('photo-0'));
});

chapter('a lost database is set aside, and the photo comes back from its own file', async () => {
  await tablet.kill();
  writeFileSync(join(tablet.vault, 'vault.db'), Buffer.alloc(64 * 1024, 0x5a));
  await tablet.open();
  ({ window } = tablet);
  await tablet.unlock(1);
  await window.click(at('draft-0'));
  await window.find(at('photo-0'));
  await tablet.keep('draft-recovered');
  assert.ok(readdirSync(join(tablet.vault, 'set-aside')).length > 0, 'the damaged file is kept');
});

chapter('a vault that nobody can unlock says so, and nothing of it is deleted', async () => {
  await tablet.kill();
  const before = readdirSync(tablet.vault, { recursive: true });
  for (const name of before.filter((name) => /^(slots|capture).*json/.test(name))) writeFileSync(join(tablet.vault, name), 'no json');
  await tablet.open();
  ({ window } = tablet);
  await window.find(screen('damaged'));
  await tablet.keep('damaged');
  for (const name of before.filter((name) => /\.seg$/.test(name))) assert.ok(existsSync(join(tablet.vault, name)), name);
});
