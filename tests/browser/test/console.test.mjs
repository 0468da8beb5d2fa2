// A reviewer's morning by keyboard alone, in Chromium, over a real server and packets that a real tablet's engine has sealed:
// sign in, list, open, every digest verified, return one with a reason, accept another, find both under 已审.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer, WCAG } from '../lib/browser.mjs';
import { findingsOf, signIn } from '../lib/reviewer.mjs';
import { Server, verified } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { packetsOf } from '../lib/tablet.mjs';

const stage = new Stage();
let server;
let page;
let faults;
let shot;
/** The packets as the list first had them. */
let listed;
/** The packets as the tablet sealed them. */
let sealed;

const row = (id) => page.locator(`[data-testid=row][data-packet="${id}"]`);
const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const idOf = (locator) => locator.getAttribute('data-packet');

async function accessible(screen) {
  assert.deepEqual(await barriers(page, [...WCAG, 'best-practice']), [], `barriers on ${screen}`);
}

const chosen = () => idOf(page.locator('[data-testid=row].chosen'));

/** Moves with K to the top of the list. */
async function toTop() {
  const first = await idOf(page.locator('[data-testid=row]').first());
  for (let moves = 0; moves < 60 && (await chosen()) !== first; moves += 1) await press('k');
}

/** Moves with K and J until the row is chosen, then opens it with Enter. */
async function openByKeyboard(id) {
  await row(id).waitFor();
  await toTop();
  for (let moves = 0; moves < 60 && (await chosen()) !== id; moves += 1) await press('j');
  await press('Enter');
  await page.waitForSelector(`[data-testid=review][data-packet="${id}"] [data-testid=findings]`);
}

before(async () => {
  // A server that runs already can be looked at too; its packets are then taken as they are.
  const running = process.env.FIELDSEAL_CONSOLE_URL;
  if (running) server = { address: running, account: process.env.FIELDSEAL_ACCOUNT, password: process.env.FIELDSEAL_PASSWORD };
  else {
    server = await Server.start(stage);
    sealed = await packetsOf(stage, server);
  }
  ({ page } = await openBrowser(stage));
  faults = complaints(page);
  shot = photographer(page, screens('console-test'));
});

after(() => stage.end());

test('a wrong password is refused in one sentence', async () => {
  await page.goto(server.address);
  await page.waitForSelector('[data-testid=sign-in]');
  await page.keyboard.type(server.account);
  await press('Tab');
  await page.keyboard.type('wrong');
  await press('Enter');
  await page.getByRole('alert').filter({ hasText: '账号或密码不对。' }).waitFor();
  await shot('sign-in-refused');
  await accessible('sign-in');
});

test('the page evaluates nothing', async () => {
  // A moment later: what the debugger itself runs is allowed anything.
  const outcome = await page.evaluate(
    () =>
      new Promise((tell) => {
        setTimeout(() => {
          try {
            tell(globalThis.eval('1'));
          } catch (refused) {
            tell(refused.name);
          }
        });
      }),
  );
  assert.equal(outcome, 'EvalError');
  // The complaint was asked for, so it is no fault of the page.
  await page.waitForFunction(() => document.readyState === 'complete');
  for (const complaint of faults.splice(0)) assert.match(complaint, /eval|script-src/);
});

test('signing in leads to the list, with every packet that the tablet has made safe', async () => {
  await signIn(page, server);
  listed = await page.locator('[data-testid=row]').evaluateAll((rows) => rows.map((element) => element.dataset.packet));
  if (sealed) assert.deepEqual([...listed].sort(), [...sealed].sort());
  await shot('list');
  await accessible('the list');
});

test('J, K and / move and search without the mouse', async () => {
  assert.equal(await chosen(), listed[0]);
  await press('j');
  assert.equal(await chosen(), listed[1]);
  await press('k');
  assert.equal(await chosen(), listed[0]);
  await press('/');
  await page.keyboard.type('jk no such packet'); // J and K sleep in a text field
  await page.getByText('没有符合条件的证据包').waitFor();
  await press('Escape');
  await page.waitForSelector('[data-testid=row]');
});

test('every digest of a packet is shown verified, and nothing not proved looks failed', async () => {
  await openByKeyboard(listed[0]);
  await page.waitForSelector('[data-testid=photo], [data-testid=no-preview]');
  const findings = await findingsOf(page);
  for (const code of ['files-ok', 'items-ok', 'seal-ok', 'custody-ok', 'log-inclusion-ok']) {
    const found = findings.filter((finding) => finding.code === code);
    assert.ok(found.length > 0, `${code} is among the findings`);
    for (const finding of found) assert.equal(finding.level, 'ok', code);
  }
  assert.deepEqual(findings.filter(({ level }) => level === 'failed'), []);
  const verdict = page.locator('[data-testid=verdict]');
  const proved = findings.every(({ level }) => level !== 'not-proved');
  assert.match(await verdict.textContent(), proved ? /全部已证实/ : /没有发现矛盾；\d+ 项未能证明/);
  assert.ok(!(await verdict.evaluate((element) => element.classList.contains('failed'))));
  await shot('packet');
  await accessible('a packet');
});

test('photos, place, custody and papers are there, by keyboard', async () => {
  const first = page.locator('[data-testid=photo]').first();
  await first.waitFor();
  assert.ok(await first.evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), 'the preview is a picture');
  await press('2');
  await page.waitForSelector('[data-testid=photo][data-item="2"], [data-testid=no-preview]');
  await press('Space');
  await page.waitForSelector('dialog[open] [data-testid=photo], dialog[open] [data-testid=no-preview]');
  await shot('photo-full');
  await press('Space');
  await page.waitForSelector('dialog[open]', { state: 'detached' });
  await page.waitForSelector('[data-testid=place]');
  await press('t');
  const seam = page.locator('[data-testid=join]');
  await seam.waitFor();
  const digest = await page.locator('[data-testid=packet-digest]').getAttribute('data-digest');
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.ok((await seam.textContent()).includes(digest.slice(0, 8)), 'the join names the seal');
  await shot('custody');
  await accessible('the custody log');
});

test('the browser computes the digests itself; where it differs, nothing can be decided', async () => {
  const own = (state) => page.locator(`[data-testid=own-check][data-state=${state}]`).waitFor();
  await press('b');
  await own('agrees');
  await shot('own-digests');
  await page.locator('[data-testid=own-export] button').click();
  await page.locator('[data-testid=own-export]:is([data-state=verified], [data-state=not-proved])').waitFor();
  await page.locator('[data-testid=own-export] summary').click();
  assert.match(await page.locator('[data-testid=own-export]').innerText(), /receipt-ok[\s\S]*log-inclusion-ok|log-inclusion-ok[\s\S]*receipt-ok/);
  await shot('own-export');
  await accessible('the export verified in the browser');

  // The same packet with one byte changed on its way to this browser.
  await page.route('**/zip', async (route) => {
    const answer = await route.fetch();
    const body = Buffer.from(await answer.body());
    body[Math.floor(body.length / 2)] ^= 1;
    await route.fulfill({ response: answer, body });
  });
  await page.reload();
  await page.waitForSelector('[data-testid=findings]');
  await press('b');
  await own('differs');
  assert.match(await page.locator('[data-testid=decision-bar]').textContent(), /暂不能决定/);
  await press('a');
  assert.equal(await page.locator('[data-testid=undo]').count(), 0);
  await shot('own-digests-differ');
  await accessible('digests that differ');
  await page.unroute('**/zip');
  await page.reload();
  await page.waitForSelector('[data-testid=findings]');
});

test('what is downloaded is the very packet, and its export verifies with nothing but the trust file', async () => {
  const folder = stage.folder('downloads');
  const download = async (words) => {
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name: words }).focus();
    await press('Enter');
    const path = join(folder, (await coming).suggestedFilename());
    await (await coming).saveAs(path);
    return path;
  };
  const zip = await download('下载原件包');
  const shown = await page.locator('[data-testid=papers] [data-digest]').nth(1).getAttribute('data-digest');
  assert.equal(createHash('sha256').update(readFileSync(zip)).digest('hex'), shown);
  const exported = await download('下载可核验的导出包');
  if (!sealed) return;
  const trust = join(folder, 'trust');
  writeFileSync(trust, await (await fetch(`${server.address}/trust`)).text());
  const { packets } = await verified(stage, [zip, exported, '--trust', trust]);
  assert.equal(packets.length, 2);
  for (const { verdict, findings } of packets) {
    assert.notEqual(verdict, 'failed');
    assert.ok(findings.some(({ code, level }) => code === 'items-ok' && level === 'ok'));
  }
  assert.ok(packets[1].findings.some(({ code }) => code === 'log-inclusion-ok'), 'the export proves that it is in the log');
});

test('the help lists the keys, and Escape closes it', async () => {
  await press('?');
  await page.waitForSelector('[data-testid=help][open]');
  await shot('help');
  await accessible('the help');
  await press('Escape');
  await page.waitForSelector('[data-testid=help][open]', { state: 'detached' });
});

test('R returns with a reason; Z takes it back before it is sent', async () => {
  await press('r');
  await page.waitForSelector('[data-testid=reason][open]');
  await page.locator('[data-testid=reason-done]').focus();
  await press('Enter'); // no reason yet
  await page.getByText('请选一个原因，或写一句说明。').waitFor();
  await shot('reason');
  await accessible('the reason');
  await page.locator('[data-testid=reason] .chips button').first().focus();
  await press('2');
  await page.locator('[data-testid=reason-done]').focus();
  await press('Enter');
  await page.waitForSelector('[data-testid=undo]');
  await press('z');
  await page.waitForSelector(`[data-testid=review][data-packet="${listed[0]}"] [data-testid=findings]`);
  assert.equal(await page.locator('[data-testid=undo]').count(), 0);
});

test('R returns with a reason, the next opens, A accepts it', async () => {
  await press('r');
  await page.waitForSelector('[data-testid=reason][open]');
  await press('2'); // 缺门牌照片
  await press('/');
  await page.keyboard.type('请补拍门牌。');
  await press('Control+Enter');
  await page.waitForSelector(`[data-testid=review]:not([data-packet="${listed[0]}"]) [data-testid=findings]`);
  const second = await idOf(page.locator('[data-testid=review]'));
  assert.ok(listed.includes(second));
  await shot('next');
  await press('a'); // sends the first decision at once
  await page.waitForSelector('[data-testid=undo]');
  // The second waits out its five seconds and is sent by itself.
  await page.waitForSelector('[data-testid=undo]', { state: 'detached' });
  assert.equal(await page.locator('[data-testid=unsent]').count(), 0, 'both decisions were taken');

  await page.goto(`${server.address}/#/done`);
  await page.waitForSelector(`[data-testid=queue][data-queue=done]`);
  await row(listed[0]).filter({ hasText: '已退回' }).waitFor();
  await row(second).filter({ hasText: '已通过' }).waitFor();
  await shot('done');
  await accessible('the done list');

  await openByKeyboard(listed[0]);
  await page.locator('[data-testid=decisions]').filter({ hasText: '缺门牌照片；请补拍门牌。' }).waitFor();
  assert.match(await page.locator('[data-testid=decision-bar]').textContent(), /已有决定：已退回/);
  await shot('returned');
});

test('L sends to legal review, and the packet stays open; refusing is under the menu', async () => {
  await page.goto(`${server.address}/#/open`);
  await page.waitForSelector('[data-testid=queue][data-queue=open] [data-testid=row]');
  const left = await page.locator('[data-testid=row]').first().getAttribute('data-packet');
  await openByKeyboard(left);
  await press('l');
  await page.waitForSelector('[data-testid=undo]');
  await page.getByRole('button', { name: '立即发送' }).focus();
  await press('Enter');
  await page.waitForSelector('[data-testid=undo]', { state: 'detached' });
  await page.goto(`${server.address}/#/open`);
  await row(left).filter({ hasText: '法制审核中' }).waitFor();

  await openByKeyboard(left);
  await page.locator('[data-testid=decide-more]').focus();
  await press('Enter', 'Tab', 'Enter');
  await page.waitForSelector('[data-testid=reason][open]');
  await press('3', '/');
  await page.keyboard.type('照片看不清楼层。');
  await press('Control+Enter');
  await page.waitForSelector('[data-testid=undo]');
  await page.waitForSelector('[data-testid=undo]', { state: 'detached' });
  await page.goto(`${server.address}/#/done`);
  await row(left).filter({ hasText: '不予采用' }).waitFor();
  await openByKeyboard(left);
  const made = page.locator('[data-testid=decisions] li');
  assert.equal(await made.count(), 2, 'both decisions stand, oldest first');
  assert.match(await made.nth(0).textContent(), /法制审核/);
  assert.match(await made.nth(1).textContent(), /不能证明所述事实；照片看不清楼层。/);
});

test('single-key shortcuts can be turned off', async () => {
  await page.goto(`${server.address}/#/done`);
  await page.waitForSelector('[data-testid=queue][data-queue=done] [data-testid=row]');
  await toTop();
  const before = await chosen();
  await press('?');
  await page.locator('[data-testid=help] input[type=checkbox]').focus();
  await press('Space', 'Escape');
  await press('j');
  assert.equal(await chosen(), before, 'J sleeps');
  await press('?');
  assert.equal(await page.locator('[data-testid=help][open]').count(), 0, '? sleeps too');
  await page.locator('[data-testid=me]').focus();
  await press('Enter');
  await page.locator('[data-testid=me-dialog] input[type=checkbox]').focus();
  await press('Space', 'Escape');
  await page.locator('[data-testid=row].chosen a').focus();
  await press('j');
  assert.notEqual(await chosen(), before, 'J wakes');
});

test('the quarantine opens, in English and in the dark too', async () => {
  await page.goto(`${server.address}/#/quarantine`);
  await page.waitForSelector('[data-testid=quarantine]');
  await accessible('the quarantine');
  await page.locator('[data-testid=me]').focus();
  await press('Enter');
  await page.locator('[data-testid=english]').focus();
  await press('Enter');
  await page.locator('[data-testid=theme-dark]').focus();
  await press('Enter');
  await accessible('the own settings, dark');
  await shot('settings-dark');
  await press('Escape');
  await page.goto(`${server.address}/#/packet/${listed[0]}`);
  await page.waitForSelector('[data-testid=findings]');
  assert.match(await page.locator('[data-testid=findings] h2').textContent(), /Findings/);
  await shot('packet-dark');
  await accessible('a packet, dark');
});

test('narrow screens keep everything in reach', async () => {
  for (const [width, height] of [[800, 1280], [390, 844]]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, `no sideways scrolling at ${width}`);
    await shot(`packet-${width}`);
    await accessible(`a packet at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('signing out ends the session', async () => {
  await page.locator('[data-testid=me]').focus();
  await press('Enter');
  await page.locator('[data-testid=sign-out]').focus();
  await press('Enter');
  await page.waitForSelector('[data-testid=sign-in]');
  assert.equal(await page.evaluate(() => fetch('/api/v1/review/packets?queue=open&page=0').then((answer) => answer.status)), 401);
});

test('the page broke no content policy, threw nothing and asked no one else', () => {
  assert.deepEqual(faults, []);
});
