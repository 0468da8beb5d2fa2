// What `fieldseal demo` leaves can be served and reviewed: the same packet, the same digest, in the console.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openBrowser, photographer } from '../lib/browser.mjs';
import { findingsOf, signIn } from '../lib/reviewer.mjs';
import { Server } from '../lib/server.mjs';
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

  // Beside the packet's interval stands what bounds the photo that is shown; without timestamps nothing does, and that is said.
  const bound = page.locator('[data-testid=photo-bound]');
  assert.equal(await bound.getAttribute('data-item'), '1');
  assert.match(await bound.textContent(), /设备自报/);
  await page.keyboard.press('2');
  await page.waitForSelector('[data-testid=photo-bound][data-item="2"]');

  const id = await page.locator('[data-testid=review]').getAttribute('data-packet');
  assert.ok(readdirSync(dir).includes(`packet-${id}.zip`));
  const shown = await page.locator('[data-testid=papers] [data-digest]').nth(1).getAttribute('data-digest');
  assert.equal(createHash('sha256').update(readFileSync(join(dir, `packet-${id}.zip`))).digest('hex'), shown);
});
