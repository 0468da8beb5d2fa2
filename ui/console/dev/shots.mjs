/** Screenshots of every screen, in both languages and themes: `node dev/shots.mjs ADDRESS OUT`. Made to be looked at. */

import { mkdtempSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [address = 'http://localhost:5173', out = '../../out/screens/console', only] = process.argv.slice(2);
const account = process.env['FIELDSEAL_ACCOUNT'] ?? 'chenlan';
const password = process.env['FIELDSEAL_PASSWORD'] ?? 'dev';
mkdirSync(out, { recursive: true });

const looks = [
  { name: 'zh-light-1440', width: 1440, height: 900, language: 'zh', theme: 'light' },
  { name: 'en-light-1280', width: 1280, height: 800, language: 'en', theme: 'light' },
  { name: 'zh-dark-1280', width: 1280, height: 800, language: 'zh', theme: 'dark' },
  { name: 'en-dark-1440', width: 1440, height: 900, language: 'en', theme: 'dark' },
  { name: 'zh-light-800', width: 800, height: 1280, language: 'zh', theme: 'light' },
  { name: 'en-light-390', width: 390, height: 844, language: 'en', theme: 'light' },
].filter((look) => only === undefined || look.name.includes(only));

const browser = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'fieldseal-shots-')), {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage();
page.on('console', (message) => message.type() === 'error' && console.log('console:', message.text()));
page.on('pageerror', (error) => console.log('page:', error.message));

for (const look of looks) {
  const shot = async (screen) => {
    await page.waitForTimeout(350);
    await page.screenshot({ path: join(out, `${look.name}-${screen}.png`) });
  };
  await page.setViewportSize(look);
  await page.goto(address);
  await page.evaluate(({ language, theme }) => {
    localStorage.setItem('fieldseal.console.preferences', JSON.stringify({ language, theme, shortcuts: true }));
  }, look);
  await page.evaluate(() => fetch('/api/v1/session', { method: 'DELETE' }));
  await page.goto(`${address}/#/open`);
  await page.reload();
  await page.fill('input[name=account]', account);
  await page.fill('input[name=password]', password);
  await shot('1-sign-in');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=row]');
  await page.keyboard.press('j');
  await shot('2-queue');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=photo], [data-testid=no-preview]');
  await shot('3-review');
  if (look.width < 1100) {
    await page.screenshot({ path: join(out, `${look.name}-3-review-top.png`) });
    await page.evaluate(() => document.querySelector('main').scrollBy(0, 900));
    await shot('3-review-more');
  }
  await page.keyboard.press('e');
  await page.keyboard.press('t');
  await shot('4-custody');
  await page.evaluate(() => document.querySelector('[data-testid=papers]')?.scrollIntoView({ block: 'end' }));
  await shot('5-papers');
  await page.keyboard.press('r');
  await shot('6-reason');
  await page.keyboard.press('1');
  await page.keyboard.press('Control+Enter');
  await page.focus('[data-testid=reason-done]').catch(() => undefined);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=undo]');
  await shot('7-next');
  await page.keyboard.press('z');
  await page.keyboard.press('?');
  await shot('8-help');
  await page.keyboard.press('Escape');
  await page.goto(`${address}/#/quarantine`);
  await shot('9-quarantine');
  await page.goto(`${address}/#/done`);
  await shot('9-done');
}
await browser.close();
