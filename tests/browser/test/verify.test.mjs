// verify.html as it is carried on a USB stick: opened from a file, no network, packets and a trust file dropped onto it.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, openSync, closeSync, writeSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer, WCAG } from '../lib/browser.mjs';
import { builtUi, ROOT, screens, Stage } from '../lib/stage.mjs';

const stage = new Stage();
const VECTORS = join(ROOT, 'tests', 'vectors', 'packet');
const vector = (name) => join(VECTORS, `${name}.zip`);
let context;
let page;
let faults;
let shot;
let folder;

const reports = () => page.getByTestId('report').evaluateAll((all) => all.map((one) => one.dataset.verdict));
const codes = (report) => report.getByTestId('finding').evaluateAll((all) => all.map((one) => one.dataset.code).sort());
const several = (name) => join(ROOT, 'tests', 'vectors', 'several', `${name}.zip`);
const give = (...files) => page.getByTestId('files').setInputFiles(files);

before(async () => {
  folder = stage.folder('stick');
  copyFileSync(join(builtUi('console'), 'verify.html'), join(folder, 'verify.html'));
  copyFileSync(join(VECTORS, 'trust'), join(folder, 'trust.txt'));
  ({ context, page } = await openBrowser(stage));
  await context.setOffline(true);
  faults = complaints(page);
  shot = photographer(page, screens('verify'));
  await page.goto(pathToFileURL(join(folder, 'verify.html')).href);
});
after(() => stage.end());

test('a good, a not proved and a failed one, worst first, against a trust file', async () => {
  assert.deepEqual(await barriers(page, [...WCAG, 'best-practice']), []);
  await give(join(folder, 'trust.txt'), vector('good-export-proved'), vector('good-packet-stamped'), vector('item-flipped-byte'));
  await page.getByTestId('report').nth(2).waitFor();
  assert.deepEqual(await reports(), ['failed', 'not-proved', 'verified']);
  // Its seal is another one than the export's, under the same number.
  assert.deepEqual(await codes(page.getByTestId('report').first()), ['item-mismatch', 'log-inclusion-absent', 'lower-bound-none', 'record-item-mismatch', 'seal-equivocation', 'timestamp-absent']);
  const proved = await page.getByTestId('report').nth(2).locator('[data-state=proved]').count();
  assert.equal(proved, 6, 'all that can be proved is');
  await shot('results');
  assert.deepEqual(await barriers(page, [...WCAG, 'best-practice']), []);
});

test('without the trust file nothing is anchored', async () => {
  await page.getByTestId('trust').getByRole('button').click();
  await page.getByTestId('report').nth(2).waitFor();
  assert.deepEqual(await reports(), ['failed', 'not-proved', 'not-proved']);
});

test('an export that was unpacked is read as a folder', async () => {
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  execFileSync('python3', ['-m', 'zipfile', '-e', vector('good-export-proved'), unpacked]);
  await page.getByRole('button', { name: '清空结果' }).click();
  await give(join(folder, 'trust.txt'));
  await page.getByTestId('folder').setInputFiles(unpacked);
  await page.getByTestId('report').waitFor();
  assert.deepEqual(await reports(), ['verified']);
});

test('several packets say what is missing between them, and what contradicts', async () => {
  await page.getByRole('button', { name: '清空结果' }).click();
  await give(join(folder, 'trust.txt'), several('1'), several('3'));
  const last = page.getByTestId('report').filter({ hasText: '3.zip' });
  await last.getByTestId('all').click();
  const told = (report, code) => report.locator(`[data-testid=finding][data-code=${code}]`);
  await told(last, 'packets-missing').waitFor();
  assert.match(await told(last, 'captures-missing').innerText(), /5-8,10-11/);
  await give(several('1-other-text'));
  const failed = page.locator('[data-testid=report][data-verdict=failed]');
  await told(failed, 'seal-equivocation').waitFor();
  assert.match(await failed.innerText(), /1-other-text\.zip/);
  assert.deepEqual(await reports(), ['failed', 'not-proved', 'not-proved']);
});

test('long work shows how far it is and stops when asked', async () => {
  await page.getByRole('button', { name: '清空结果' }).click();
  // A folder that is a bag with one large file: two gigabytes of nothing.
  const large = join(folder, 'large');
  mkdirSync(join(large, 'data'), { recursive: true });
  const file = openSync(join(large, 'data', 'hole.bin'), 'w');
  writeSync(file, 'x', 2 * 2 ** 30);
  closeSync(file);
  copyFileSync(join(folder, 'trust.txt'), join(large, 'bagit.txt'));
  await page.getByTestId('folder').setInputFiles(large);
  await page.getByTestId('stop').click();
  await page.getByTestId('stopped').waitFor();
  assert.deepEqual(await reports(), []);
});

test('both languages, dark, narrow', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('button', { name: 'English' }).click();
  await give(vector('item-flipped-byte'));
  await page.getByTestId('report').waitFor();
  await page.getByTestId('all').click();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `${wide} pixels wide`);
  await shot('dark');
  assert.deepEqual(await barriers(page, [...WCAG, 'best-practice']), []);
});

test('the page complained of nothing and asked nobody', () => {
  assert.deepEqual(faults, []);
});
