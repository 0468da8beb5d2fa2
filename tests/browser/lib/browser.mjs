// Chromium under test: a fresh profile, no requests of its own, every complaint of the page kept.
import axe from 'axe-core';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Opens Chromium on a stage. `extra` are further command-line switches (a fake camera), `position` what its geolocation answers. */
export async function openBrowser(stage, { extra = [], position, viewport = { width: 1280, height: 800 } } = {}) {
  const context = await chromium.launchPersistentContext(stage.folder('chromium'), {
    executablePath: process.env.FIELDSEAL_CHROMIUM ?? '/usr/bin/chromium',
    args: [...QUIET, ...extra],
    viewport,
    ...(position ? { geolocation: position, permissions: ['geolocation'] } : {}),
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    // Colours are then at once what they become.
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  stage.atEnd(() => context.close());
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(20_000);
  return { context, page };
}

/**
 * Gathers what the page complains of: console errors (a broken content policy is one), exceptions, and requests that leave
 * this host. An answer with an error status is the server's word, not a fault of the page, and is left out.
 */
export function complaints(page) {
  const found = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource: the server responded')) found.push(message.text());
  });
  page.on('pageerror', (error) => found.push(error.message));
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (hostname !== '127.0.0.1' && protocol.startsWith('http')) found.push(`a request to ${hostname}`);
  });
  return found;
}

/** The rules of the standard; the console keeps axe's further advice as well. */
export const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe-core finds against WCAG 2.2 AA on the screen as it is now: one line for each broken rule. */
export async function barriers(page, tags = WCAG) {
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running'), undefined, { timeout: 5000 });
  // Through the debugger, so that the page's content policy stays as strict as it is.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async (values) => {
    const { violations } = await globalThis.axe.run(document, { runOnly: { type: 'tag', values } });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  }, tags);
}

/** Takes screenshots in order, named after their screen. */
export function photographer(page, folder) {
  let number = 0;
  return async (name) => {
    number += 1;
    const drawn = () => [...document.images].every((image) => image.complete);
    await page.waitForFunction(drawn, undefined, { timeout: 15_000 }).catch(() => undefined);
    await page.screenshot({ path: join(folder, `${String(number).padStart(2, '0')}-${name}.png`) });
  };
}
