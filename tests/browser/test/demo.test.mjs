// What `fieldseal demo` leaves can be served and reviewed: the same packet, the same digest, in the console.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { barriers, openBrowser, photographer, WCAG } from '../lib/browser.mjs';
import { findingsOf, signIn } from '../lib/reviewer.mjs';
import { Server, verified } from '../lib/server.mjs';
import { program, screens, Stage } from '../lib/stage.mjs';

const stage = new Stage();

after(() => stage.end());

test('the demonstration opens in the console', async () => {
  const dir = stage.folder('demo');
  await stage.run(program('fieldseal'), ['demo', '--dir', dir]);
  const server = await Server.over(stage, join(dir, 'server'));
  const { page } = await openBrowser(stage, { viewport: { width: 1440, height: 900 } });
  const shot = photographer(page, screens('demo-test'));
  await signIn(page, server);
  await shot('list');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=finding]');
  await shot('packet');
  const findings = await findingsOf(page);
  for (const code of ['files-ok', 'items-ok', 'seal-ok', 'log-inclusion-ok']) assert.equal(findings.find((finding) => finding.code === code)?.level, 'ok', code);
  assert.deepEqual(findings.filter(({ level }) => level === 'failed'), []);

  // Beside the packet's interval stands what bounds the photo that is shown, and what is its tablet's word alone.
  const bound = page.locator('[data-testid=photo-bound]');
  assert.equal(await bound.getAttribute('data-item'), '1');
  assert.match(await bound.locator('[data-testid=captured-before]').textContent(), /拍摄于 .+ 之前/);
  assert.match(await bound.locator('[data-testid=challenge]').textContent(), /现场码/);
  assert.match(await bound.textContent(), /设备自报/);
  await page.keyboard.press('2');
  await page.waitForSelector('[data-testid=photo-bound][data-item="2"]');

  await redact(page, shot);

  const id = await page.locator('[data-testid=review]').getAttribute('data-packet');
  assert.ok(readdirSync(dir).includes(`packet-${id}.zip`));
  const shown = await page.locator('[data-testid=papers] [data-digest]').nth(1).getAttribute('data-digest');
  assert.equal(createHash('sha256').update(readFileSync(join(dir, `packet-${id}.zip`))).digest('hex'), shown);
});

/** Two frames on the first photo, one by dragging, one by two taps; one is taken back; the export has the signed copy. */
async function redact(page, shot) {
  await page.locator('[data-testid=redact-open]').click();
  const picture = page.locator('[data-testid=redact-picture]');
  await picture.locator('img').evaluate((image) => image.decode());
  const box = await picture.boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await page.mouse.move(...at(0.1, 0.1));
  await page.mouse.down();
  await page.mouse.move(...at(0.3, 0.4), { steps: 4 });
  await page.mouse.up();
  await page.mouse.click(...at(0.5, 0.5));
  await page.mouse.click(...at(0.9, 0.8));
  const frames = page.locator('[data-testid=redact-areas] li');
  assert.equal(await frames.count(), 2);
  await shot('redact');
  await frames.nth(0).getByRole('button').click();
  assert.equal(await frames.count(), 1);
  assert.deepEqual(await barriers(page, WCAG), []);
  const coming = page.waitForEvent('download');
  await page.locator('[data-testid=redact-export]').click();
  const folder = stage.folder('redacted');
  const path = join(folder, (await coming).suggestedFilename());
  await (await coming).saveAs(path);
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-testid=redact]', { state: 'detached' });
  const { packets } = await verified(stage, [path]);
  const children = packets[0].findings.filter(({ code }) => code.startsWith('child-'));
  assert.equal(children.length, 1, JSON.stringify(children));
  assert.match(children[0].subject, /^data\/derived\/\d{4}-redacted\.jpg\.note$/);
  assert.notEqual(packets[0].verdict, 'failed');
}
