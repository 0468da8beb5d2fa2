/** Pictures of the party's signature and of the list of what was co-signed: `node dev/look-party.mjs URL OUT WIDTHxHEIGHT LANGUAGE THEME`. */
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [url = 'http://127.0.0.1:5201', out = 'look', size = '800x1280', language = 'zh', theme = 'light'] = process.argv.slice(2);
const [width = 800, height = 1280] = size.split('x').map(Number);
const PIN = '246813';
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const page = await browser.newPage({ viewport: { width, height } });
page.on('pageerror', (error) => console.error('page:', error.message));
const at = (id) => page.locator(`[data-testid="${id}"]`).first();
let n = 0;
async function shot(name) {
  await page.waitForTimeout(400);
  n += 1;
  await page.screenshot({ path: `${out}/${String(n).padStart(2, '0')}-${name}.png` });
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('dialog[open] button, [data-testid=party-drawing] button')]
      .map((e) => [e.textContent?.trim() ?? '', e.getBoundingClientRect()])
      .filter(([, box]) => box.height < 47.5 || box.width < 47.5)
      .map(([text, box]) => `${text} ${Math.round(box.width)}x${Math.round(box.height)}`),
  );
  if (small.length > 0) console.error(`${name}: smaller than 48 px: ${small.join(' / ')}`);
  const wide = await page.evaluate(() => [...document.querySelectorAll('main *, dialog *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length);
  if (wide > 0) console.error(`${name}: ${wide} elements stick out at the right`);
}
const call = (request) => page.evaluate(async (r) => (await fetch('/call', { method: 'POST', body: JSON.stringify(r) })).json(), request);

await page.goto(url);
await call({ do: 'settings', language, theme });
await call({ do: 'lock' });
await page.reload();
await at('unlock-pin').fill(PIN);
await at('unlock-go').click();
await at('open-camera').click();
await page.waitForTimeout(1200);
await at('shutter').click();
await page.waitForTimeout(800);
await at('to-describe').click();
await at('to-seal').click();
await at('party-present').click();
await shot('seal-party');
await at('party-draw').click();
await shot('pad-empty');
const box = await page.locator('[data-testid=pad]').boundingBox();
for (const row of [0.3, 0.5]) {
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * row);
  await page.mouse.down();
  for (let i = 1; i <= 24; i++) await page.mouse.move(box.x + box.width * (0.2 + i / 45), box.y + box.height * (row + 0.18 * Math.sin(i / 2)));
  await page.mouse.up();
}
await shot('pad-drawn');
await at('pad-keep').click();
await page.locator('[data-testid=party-drawing] .photo').scrollIntoViewIfNeeded();
await shot('seal-drawn');
await page.goto(url);
await page.waitForTimeout(500);
await page.locator('[data-testid=tab-me], [data-testid=nav-me]').first().click();
await at('cosign-list').click();
await shot('cosigned');
await browser.close();
