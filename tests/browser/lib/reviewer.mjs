// What a reviewer does in every test of the console.

/** Signs in by keyboard and waits for the list. */
export async function signIn(page, server) {
  await page.goto(server.address);
  await page.waitForSelector('[data-testid=sign-in]');
  await page.keyboard.type(server.account);
  await page.keyboard.press('Tab');
  await page.keyboard.type(server.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-testid=queue][data-queue=open] [data-testid=row]');
}

/** Every finding of the opened packet as shown, the folded ones too. */
export async function findingsOf(page) {
  await page.waitForSelector('[data-testid=finding]');
  if (await page.locator('[data-testid=all-findings][aria-expanded=false]').count()) await page.keyboard.press('e');
  return page.locator('[data-testid=finding]').evaluateAll((items) =>
    items.map((item) => ({ code: item.dataset.code, level: item.dataset.level, text: item.textContent })),
  );
}
