// Orders in Chromium: the administrator locks a tablet from its page of the console, withdraws the order before it was heard,
// and has it emptied, asked twice; what the list says of it comes from the server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { barriers, complaints, openBrowser, photographer, WCAG } from '../lib/browser.mjs';
import { PASSWORD, Server } from '../lib/server.mjs';
import { screens, Stage } from '../lib/stage.mjs';
import { Tablet } from '../lib/tablet.mjs';

const stage = new Stage();
let server;
let page;
let faults;
let shot;
let id;

const at = (name) => page.locator(`[data-testid="${name}"]`);
const now = (what, told = false, done = false) => page.waitForSelector(`[data-testid="order-now"][data-what="${what}"][data-told="${told}"][data-done="${done}"]`);

async function accessible(screen) {
  assert.deepEqual(await barriers(page, [...WCAG, 'best-practice']), [], `barriers on ${screen}`);
}

async function everySize(name) {
  for (const [width, height] of [[800, 1280], [390, 844], [1280, 800]]) {
    await page.setViewportSize({ width, height });
    await shot(`${name}-${width}`);
    for (const button of await at('orders').locator('button').all()) {
      assert.ok((await button.boundingBox()).height >= 48, `${name} at ${width}: 48 px`);
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing hangs over at ${width}`);
  }
}

const device = async () => (await server.admin('devices')).devices.find((one) => one.id === id);

before(async () => {
  server = await Server.start(stage);
  await server.admin('add-account', 'zhaoguan', '--name', '赵管', '--role', 'administrator');
  const tablet = await Tablet.start(stage);
  await tablet.enrol(server);
  id = (await tablet.call({ do: 'state' })).device.id.split('/').at(-1);
  // It hears nothing while this runs: its next heartbeat is minutes away at the soonest, or it is gone.
  await tablet.host.stop();
  ({ page } = await openBrowser(stage));
  faults = complaints(page);
  shot = photographer(page, screens('orders'));
  await page.goto(server.address);
  await page.waitForSelector('[data-testid=sign-in]');
  await page.keyboard.type('zhaoguan');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator(`[data-testid=tablet][data-id="${id}"]`).getByRole('button').click();
  await at('orders').waitFor();
});

after(() => stage.end());

test('a lock is ordered by one question, and withdrawn before it was heard', async () => {
  await everySize('nothing');
  await at('order-lock').click();
  assert.equal(await at('order-ask').getAttribute('data-asking'), 'lock');
  await everySize('ask-lock');
  await at('order-cancel').click();
  assert.equal(await at('order-now').count(), 0, 'nothing was ordered');
  await at('order-lock').click();
  await at('order-go').click();
  await now('lock');
  assert.match(await at('order-now').textContent(), /锁定.*还没有听到/);
  await everySize('locking');
  await accessible('an order that waits');
  await at('order-withdraw').click();
  await now('nothing');
  assert.match(await at('order-now').textContent(), /撤回以前的命令.*还没有听到/);
  assert.equal(await at('order-withdraw').count(), 0);
});

test('emptying asks twice, says what stays in its way, and retires the tablet', async () => {
  await at('order-wipe').click();
  assert.match(await at('order-ask').textContent(), /没有封存的草稿/);
  await everySize('ask-wipe');
  await accessible('the first question');
  await at('order-go').click();
  assert.equal(await at('order-ask').getAttribute('data-asking'), 'wipe-again');
  assert.equal((await device()).status, 'active', 'one yes is not enough');
  await everySize('ask-wipe-again');
  await accessible('the second question');
  await at('order-go-again').click();
  await now('wipe');
  await at('tablet-dialog').locator('[data-state=retired]').waitFor();
  assert.equal((await device()).status, 'retired');
  assert.equal(await at('order-wipe').count(), 0, 'it is ordered already');
  await everySize('emptying');
});

test('how far it has come is said, in English and the dark', async () => {
  let order;
  await page.route('**/api/v1/admin/devices', async (route) => {
    const answer = await route.fetch();
    const list = await answer.json();
    for (const one of list.devices) one.order = { ...one.order, ...order };
    await route.fulfill({ response: answer, json: list });
  });
  await page.keyboard.press('Escape');
  await at('me').click();
  await at('english').click();
  await at('theme-dark').click();
  await page.keyboard.press('Escape');
  await page.locator(`[data-testid=tablet][data-id="${id}"]`).getByRole('button').click();
  order = { told_at: new Date().toISOString() };
  await now('wipe', true);
  assert.match(await at('order-now').textContent(), /heard, and not empty yet/);
  await everySize('heard-dark');
  await accessible('an order that was heard, in the dark');
  order = { ...order, done_at: new Date().toISOString() };
  await now('wipe', true, true);
  assert.match(await at('order-now').textContent(), /emptied/);
  assert.equal(await at('order-withdraw').count(), 0, 'there is nothing to take back');
  await everySize('emptied-dark');
});

test('the pages threw nothing and asked no one else', () => {
  assert.deepEqual(faults, []);
});
