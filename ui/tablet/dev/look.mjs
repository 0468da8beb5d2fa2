/** Takes a picture of every screen, to be looked at: `node dev/look.mjs URL OUT WIDTHxHEIGHT LANGUAGE THEME`.
 *  The page is the development server's, or a loopback host's. */
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [url = 'http://127.0.0.1:5201', out = 'look', size = '1280x800', language = 'zh', theme = 'light', scene = 'patrol'] = process.argv.slice(2);
const [width = 1280, height = 800] = size.split('x').map(Number);
const PIN = '246813';
mkdirSync(out, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const page = await browser.newPage({ viewport: { width, height } });
page.on('pageerror', (error) => console.error('page:', error.message));
page.on('console', (message) => message.type() === 'error' && console.error('console:', message.text()));
const at = (id) => page.locator(`[data-testid="${id}"]`).first();
let n = 0;
async function shot(name) {
  await page.waitForTimeout(350);
  n += 1;
  await page.screenshot({ path: `${out}/${String(n).padStart(2, '0')}-${name}.png` });
  const wide = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.list')).length);
  if (wide > 0) console.error(`${name}: ${wide} elements stick out at the right`);
}
const call = (request) => page.evaluate(async (r) => (await fetch('/call', { method: 'POST', body: JSON.stringify(r) })).json(), request);

await page.goto(url);
await call({ do: 'settings', language, theme });
if (scene === 'first-run') {
  await page.reload();
  await shot('enrol');
  await at('enrol-text').fill('fieldseal:enrol?u=https%3A%2F%2Fevidence.example.gov.cn&c=7Q4M-2KXD&t=9f2c41d07be65a18');
  await at('enrol-check').click();
  await shot('enrol-preview');
  await at('enrol-go').click();
  await shot('officers');
  for (const code of ['A1', 'B2']) {
    await at('officer-code').fill(code);
    await at('officer-pin').fill(PIN);
    await at('officer-pin-again').fill(PIN);
    await at('officer-go').click();
    await page.waitForTimeout(300);
  }
  await shot('officers-two');
  await at('officers-done').click();
  await shot('today-empty');
  await browser.close();
  process.exit(0);
}
await call({ do: 'lock' });
await page.reload();
await shot('lock');
await at('unlock-pin').fill(PIN);
await at('unlock-go').click();
await shot('today');
await at('open-camera').click();
await page.waitForTimeout(1200);
await shot('camera');
for (let i = 0; i < 3; i++) {
  await at('shutter').click();
  await page.waitForTimeout(400);
}
await shot('camera-three');
await at('to-describe').click();
await shot('describe');
await at('choice-stage-confirmed').click();
await at('choice-stock-stock').click();
await at('plus-storeys').click();
await at('field-area-m2').fill('15.4');
await at('field-address').fill('昌平路1086号屋顶');
await at('party-refused').click();
await page.waitForTimeout(700);
await page.locator('[data-screen="describe"] .body').evaluate((e) => e.scrollTo(0, 9999));
await shot('describe-filled');
await at('photo-0').click();
await shot('photo');
await page.keyboard.press('Escape');
await at('to-seal').click();
await shot('seal');
await at('sign-0').click();
await shot('pin');
await at('pin-input').fill(PIN);
await at('pin-go').click();
await shot('seal-one');
await at('seal-hold').click();
await at('seal-confirm').click();
await shot('seal-alone');
await page.keyboard.press('Escape');
await at('sign-1').click();
await at('pin-input').fill(PIN);
await at('pin-go').click();
await shot('seal-two');
await at('seal-hold').click();
await at('seal-confirm').click();
await page.waitForTimeout(2500);
await shot('packet');
await at('recheck').click();
await page.locator('main').evaluate((e) => e.scrollTo(0, 9999));
await shot('packet-checked');
for (const tab of ['packets', 'upload', 'points', 'me']) {
  await at(`nav-${tab}`).click();
  await shot(tab);
}
await at('nav-today').click();
await page.locator('main').evaluate((e) => e.scrollTo(0, 9999));
await shot('today-end');
if (await at('tasks-line').count()) {
  await at('tasks-line').click();
  await shot('tasks');
}
await browser.close();
