// Points and tickets from the administrator's file to the officer's screens: nearest on the home screen, search with two
// characters, what is due today, a point chosen for a draft, and the question when the photos were taken elsewhere.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer } from '../lib/browser.mjs';
import { pmtiles } from '../lib/pmtiles.mjs';
import { Server } from '../lib/server.mjs';
import { screens, Stage, until } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
const HERE = { latitude: 31.2304, longitude: 121.4737 };
const SIZES = [
  { width: 390, height: 844 },
  { width: 800, height: 1280 },
  { width: 1280, height: 800 },
];
let server;
let tablet;
let page;
let context;
let faults;
let shot;

const at = (id) => page.locator(`[data-testid="${id}"]`);
const day = (offset) => {
  const at = new Date(Date.now() + offset * 86_400_000);
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(at);
};

before(async () => {
  server = await Server.start(stage);
  const folder = stage.folder('registers');
  const points = [
    '编号,名称,类别,地址,小区,纬度,经度,状态,fact.stock,fact.storeys',
    'JN-WJ-0417,屋顶搭建,违法建筑,昌平路1086号,,31.230500,121.473800,open,stock,2',
    'JN-QZ-0031,隔断,群租,余姚路288弄11号201室,余姚小区,31.232000,121.474000,,,',
    'JN-GG-0092,屋顶广告牌,户外广告,江宁路838号,,31.234500,121.473700,done,,',
    'JN-WJ-0500,远处的一处,违法建筑,虹桥路1号,,31.290000,121.400000,,,',
  ];
  for (let n = 0; n < 400; n += 1) points.push(`JN-WJ-${1000 + n},,违法建筑,长寿路${n + 1}号,,31.${300000 + n * 10},121.500000,,,`);
  const write = (name, lines) => {
    const path = join(folder, name);
    writeFileSync(path, `${lines.join('\r\n')}\r\n`);
    return path;
  };
  await server.admin('import', 'points', write('points.csv', points));
  const tickets = [
    'number,kind,what,point,address,received,due,state',
    `SH-3318,group-rental,楼上群租扰民,JN-QZ-0031,,${day(-3)},${day(0)},open`,
    `SH-3320,billboard,招牌晃动,,江宁路900号,${day(-1)},${day(0)},open`,
    `SH-3400,illegal-structure,屋顶又在搭,JN-WJ-0417,,${day(-1)},${day(5)},open`,
  ];
  await server.admin('import', 'tickets', write('tickets.csv', tickets));
  tablet = await Tablet.start(stage, { ui: true });
  await tablet.enrol(server);
  await until('the registers', async () => (await tablet.call({ do: 'registers', today: day(0) })).points === 404);
  await until('the tickets', async () => (await tablet.call({ do: 'registers', today: day(0) })).tickets === 3);
  ({ page, context } = await openBrowser(stage, {
    extra: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    position: { ...HERE, accuracy: 5 },
  }));
  faults = complaints(page);
  shot = photographer(page, screens('points-test'));
  await page.goto(tablet.address);
});
after(() => stage.end());

async function looks(name) {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const faulty = await page.evaluate(() => {
      const name = (element) => element.dataset.testid ?? `${element.tagName}.${element.className}`;
      const out = [...document.querySelectorAll('main *')].filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
      const small = [...document.querySelectorAll('main :is(button, input)')].filter((element) => element.getBoundingClientRect().height < 48);
      return [...out.map((element) => `sticks out: ${name(element)}`), ...small.map((element) => `too small: ${name(element)}`)];
    });
    assert.deepEqual(faulty, [], `${name} ${size.width}`);
    await shot(`${name}-${size.width}`);
  }
  await page.setViewportSize(SIZES[2]);
}
const listed = () => page.locator('[data-testid="points-list"] [data-point]').evaluateAll((rows) => rows.map((row) => row.dataset.point));

test('the nearest three stand on the home screen', async () => {
  await page.waitForSelector('[data-testid="near-2"]');
  const near = await page.locator('[data-testid^="near-"]').evaluateAll((rows) => rows.map((row) => row.dataset.point));
  assert.deepEqual(near, ['JN-WJ-0417', 'JN-QZ-0031', 'JN-GG-0092']);
  assert.deepEqual(await barriers(page), []);
  await looks('today-zh');
});

test('points are found with two characters, by number, and by what is due today', async () => {
  await at('nav-points').first().click();
  await page.waitForSelector('[data-testid="point-0"]');
  assert.equal((await listed())[0], 'JN-WJ-0417');
  await at('points-search').fill('虹桥');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="points-list"] [data-point]').length === 1);
  assert.deepEqual(await listed(), ['JN-WJ-0500']);
  await looks('search-zh');
  await at('points-search').fill('jn-gg-0092');
  await page.waitForFunction(() => document.querySelector('[data-testid="point-0"]')?.dataset.point === 'JN-GG-0092');
  await at('points-search').fill('扰民');
  await page.waitForSelector('[data-ticket="SH-3318"]');
  await at('points-search').fill('没有的路');
  await page.waitForSelector('[data-testid="points-nothing"]');
  await at('points-search').fill('');
  await at('points-due').click();
  await page.waitForSelector('[data-ticket="SH-3320"]');
  assert.deepEqual(await listed(), ['JN-QZ-0031']);
  await page.waitForSelector('[data-testid="points-no-map"]');
  assert.deepEqual(await barriers(page), []);
  await looks('due-zh');
  await tablet.call({ do: 'settings', language: 'en', theme: 'dark' });
  await page.waitForFunction(() => document.documentElement.lang === 'en');
  await looks('due-en-dark');
  assert.deepEqual(await barriers(page), []);
  await tablet.call({ do: 'settings', language: 'zh', theme: 'light' });
  await at('points-due').click();
});

test('a photo taken at a point makes a draft of it, filled in from the register', async () => {
  await page.locator('[data-point="JN-WJ-0417"]').first().click();
  await page.waitForSelector('[data-testid="point-card"]');
  await looks('card-zh');
  await at('point-shoot').click();
  await at('shutter').click();
  await page.waitForFunction(() => !document.querySelector('[data-testid="to-describe"]').disabled);
  await at('to-describe').click();
  await page.waitForSelector('[data-testid="which-point"]');
  const [{ id }] = await tablet.call({ do: 'drafts' });
  const { facts, kind } = await until('the link', async () => {
    const draft = await tablet.call({ do: 'draft', id });
    return draft.facts.point ? draft : undefined;
  });
  assert.equal(kind, 'illegal-structure');
  assert.deepEqual(facts, { point: 'JN-WJ-0417', address: '昌平路1086号', stock: 'stock', storeys: 2 });
  await page.waitForSelector('[data-testid="which-0"][aria-checked="true"]');
  await at('which-ticket-SH-3400').click();
  await until('the ticket', async () => (await tablet.call({ do: 'draft', id })).facts.ticket === 'SH-3400');
  // None of them: what the register had filled in goes with it.
  await at('which-none').click();
  await until('nothing of it', async () => Object.keys((await tablet.call({ do: 'draft', id })).facts).length === 0);
  assert.deepEqual(await barriers(page), []);
});

test('a point alone within 50 m is chosen already, and far photos are asked about', async () => {
  await page.goto(tablet.address);
  await at('kind-illegal-structure').click();
  await at('shutter').click();
  await page.waitForFunction(() => !document.querySelector('[data-testid="to-describe"]').disabled);
  await at('to-describe').click();
  await page.waitForSelector('[data-testid="which-0"][aria-checked="true"]');
  const drafts = await tablet.call({ do: 'drafts' });
  const id = drafts[0].id;
  assert.equal((await tablet.call({ do: 'draft', id })).facts.point, 'JN-WJ-0417');
  assert.equal(await at('which-far').count(), 0);
  await tablet.call({ do: 'draft-point', id, point: 'JN-WJ-0500', ticket: null });
  await page.reload();
  await at('draft-0').click();
  await page.waitForSelector('[data-testid="which-far"]');
  await looks('far-zh');
  assert.deepEqual(await barriers(page), []);
  await at('which-far-across').click();
  await page.waitForSelector('[data-testid="which-far-across"][aria-pressed="true"]');
  const { note, point } = (await tablet.call({ do: 'draft', id })).facts;
  assert.equal(point, 'JN-WJ-0500');
  assert.match(note, /离点位 JN-WJ-0500 约 .*公里：从远处拍的。/);
  await at('which-far-moved').click();
  await until('the other answer', async () => (await tablet.call({ do: 'draft', id })).facts.note.split('\n').length === 1 && (await tablet.call({ do: 'draft', id })).facts.note.includes('拍完才走到点位'));
});

test('the administrator’s map is drawn, with pins that lead to their points', async () => {
  const file = join(stage.folder('map'), 'district.pmtiles');
  writeFileSync(file, pmtiles(HERE));
  await server.admin('import', 'map', file, '--attribution', '© 测绘院');
  const other = await Tablet.start(stage, { ui: true });
  await other.enrol(server);
  const registers = await until('the map', async () => {
    const now = await other.call({ do: 'registers', today: day(0) });
    return now.map && now.points === 404 ? now : undefined;
  });
  assert.equal(registers.map.gcj02, false);
  const check = (await other.call({ do: 'self-check' })).find(({ code }) => code === 'map');
  assert.equal(check.level, 'ok');
  const { page: mapPage } = await openBrowser(stage, { extra: ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'], position: { ...HERE, accuracy: 5 } });
  const complained = complaints(mapPage);
  const mapShot = photographer(mapPage, screens('points-map-test'));
  await mapPage.goto(other.address);
  await mapPage.locator('[data-testid="nav-points"]').first().click();
  await mapPage.waitForSelector('[data-testid="points-map"][data-drawn="true"]', { timeout: 60_000 });
  await mapPage.waitForFunction(() => Number(document.querySelector('[data-testid="points-map"]').dataset.pins) >= 1);
  for (const theme of ['light', 'dark', 'sun']) {
    await other.call({ do: 'settings', theme });
    await mapPage.waitForFunction((name) => document.documentElement.dataset.theme === name, theme);
    await mapPage.waitForSelector('[data-testid="points-map"][data-drawn="true"]', { timeout: 60_000 });
    for (const size of SIZES) {
      await mapPage.setViewportSize(size);
      await mapPage.waitForTimeout(1500);
      await mapShot(`map-${theme}-${size.width}`);
    }
  }
  await mapPage.locator('[data-testid="points-search"]').fill('0417');
  await mapPage.locator('[data-point="JN-WJ-0417"]').first().click();
  await mapPage.locator('[data-testid="points-search"]').fill('');
  await mapPage.waitForSelector('[data-testid="points-map"][data-drawn="true"]', { timeout: 60_000 });
  // It stands in the middle now: its pin leads back to it.
  await mapPage.locator('[data-testid="point-close"]').click();
  await mapPage.waitForTimeout(1000);
  assert.deepEqual(await barriers(mapPage), []);
  assert.deepEqual(complained, []);
});

test('locked, nothing of the registers is shown', async () => {
  await tablet.call({ do: 'lock' });
  await assert.rejects(tablet.call({ do: 'nearest', today: day(0) }), /locked/);
  await assert.rejects(tablet.call({ do: 'search-points', text: '虹桥' }), /locked/);
  void context;
});

test('the page threw nothing and asked no one else', () => {
  assert.deepEqual(faults, []);
});
