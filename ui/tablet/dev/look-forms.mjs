/** Pictures of each kind described, every field given: `node dev/look-forms.mjs URL OUT WIDTHxHEIGHT LANGUAGE THEME`. */
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [url = 'http://127.0.0.1:5201', out = 'look', size = '1280x800', language = 'zh', theme = 'light'] = process.argv.slice(2);
const [width = 1280, height = 800] = size.split('x').map(Number);
mkdirSync(out, { recursive: true });

const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
const page = await browser.newPage({ viewport: { width, height } });
page.on('pageerror', (error) => console.error('page:', error.message));
const at = (id) => page.locator(`[data-testid="${id}"]`).first();
const call = (request) => page.evaluate(async (r) => (await fetch('/call', { method: 'POST', body: JSON.stringify(r) })).json(), request);

await page.goto(url);
await call({ do: 'unlock', officer: 'o', pin: '246813' });
await call({ do: 'settings', language, theme });
for (const form of await call({ do: 'forms' })) {
  await page.goto(url);
  await at(`kind-${form.kind}`).click();
  await at('shutter').click();
  await page.waitForFunction(() => !document.querySelector('[data-testid="to-describe"]').disabled);
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${out}/${form.kind}-camera.png` });
  await at('to-describe').click();
  await page.waitForTimeout(400);
  const shoot = async (name) => {
    const body = page.locator('[data-screen="describe"] .body');
    const tall = await body.evaluate((e) => e.scrollHeight - e.clientHeight);
    await page.setViewportSize({ width, height: Math.min(height + tall, 6000) });
    await page.waitForTimeout(300);
    const wide = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length);
    if (wide > 0) console.error(`${form.kind} ${name}: ${wide} elements stick out at the right`);
    await page.screenshot({ path: `${out}/${form.kind}-${name}.png` });
    await page.setViewportSize({ width, height });
  };
  await shoot('empty');
  for (const field of form.fields) {
    // The last choice of each, so that every field that hangs on another is asked for at least once.
    if (['choice', 'choices'].includes(field.fieldType)) {
      const wanted = form.fields.find(({ shownIf }) => shownIf?.field === field.id)?.shownIf.anyOf.at(-1) ?? field.choices.at(-1).id;
      await at(`choice-${field.id}-${wanted}`).click();
      if (field.fieldType === 'choices') await at(`choice-${field.id}-${field.choices[1].id}`).click();
    } else if (field.fieldType === 'yes-no') await at(`choice-${field.id}-yes`).click();
    else if (field.fieldType === 'integer') await at(`plus-${field.id}`).click();
    else if (await at(`field-${field.id}`).count()) await at(`field-${field.id}`).fill(field.fieldType === 'date' ? '2026-11-23' : field.fieldType === 'decimal' ? '15.4' : '长宁路1027号');
  }
  await page.waitForTimeout(800);
  await shoot('filled');
}
await browser.close();
