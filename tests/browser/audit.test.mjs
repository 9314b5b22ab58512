// The access log in the browser: who opened this file, proven entry by entry in the page itself, exported.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { openAgenda, surroundings } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
let browser;
let server;
let demo;

before(async () => {
  browser = await launch();
  server = await startDemo(binary);
  demo = server.demo;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function agenda(viewport) {
  const visit = await openContext(browser, demo.base_url, { viewport });
  return { ...visit, page: await openAgenda(visit.context, demo, binary) };
}

test('whoever opens an agenda stands in the log, and the page proves the entry itself', async () => {
  const { context, page, foreign, errors } = await agenda(DESKTOP);
  await page.locator('a[href="/agenda/journal"]:visible').click();
  const first = page.locator('[data-testid="leaf"][data-act="agenda.opened"]').first();
  await first.waitFor();
  await look(page, 'desktop log');
  // The newest acts wait for the next checkpoint; the demo's own bookings have one, or will within the minute.
  await page.getByTestId('audit-act').selectOption('booking.booked');
  await page.locator('[data-testid="leaf"][data-act="agenda.opened"]').first().waitFor({ state: 'detached' });
  assert.equal(await page.locator('[data-testid="leaf"]:not([data-act="booking.booked"])').count(), 0);
  await page.locator('[data-testid="leaf"]').last().getByTestId('prove').click();
  await page.getByTestId('proof').waitFor();
  const steps = page.getByTestId('step');
  await steps.first().waitFor();
  assert.deepEqual(await steps.evaluateAll((all) => all.map((one) => one.dataset.good)), ['true', 'true', 'true']);
  await look(page, 'desktop proof');
  await page.keyboard.press('Escape');
  await page.getByTestId('audit-more').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="leaf"]').length > 100);
  await context.close();
  assert.deepEqual([foreign, errors], [[], []]);
});

test('a changed answer is not believed', async () => {
  const { context, page } = await agenda(DESKTOP);
  await page.route('**/api/v1/staff/audit?*', async (route) => {
    const answer = await (await route.fetch()).json();
    for (const leaf of answer.leaves) if (leaf.said) leaf.said.at_ms += 60_000;
    await route.fulfill({ json: answer });
  });
  await page.goto(`${demo.base_url}/agenda/journal`);
  await page.getByTestId('audit-act').selectOption('booking.booked');
  await page.locator('[data-testid="leaf"][data-act="agenda.opened"]').first().waitFor({ state: 'detached' });
  await page.locator('[data-testid="leaf"]').last().getByTestId('prove').click();
  const steps = page.getByTestId('step');
  await steps.first().waitFor();
  assert.deepEqual(await steps.evaluateAll((all) => all.map((one) => one.dataset.good)), ['false', 'true', 'true']);
  await look(page, 'desktop proof fails');
  await context.close();
});

test('on a phone, from an appointment to who opened it', async () => {
  const { context, page, foreign, errors } = await agenda(PHONE);
  await page.getByTestId('view-week').click();
  await page.locator('[data-view="week"] [data-testid="booking"]').first().click();
  await page.getByTestId('who-opened').click();
  await page.locator('[data-testid="leaf"][data-act="booking.booked"]').waitFor();
  await page.locator('[data-testid="leaf"][data-act="agenda.opened"]').first().waitFor();
  await look(page, 'phone who opened');
  await page.getByTestId('audit-all').click();
  await page.getByTestId('audit-member').waitFor();
  await page.getByTestId('seal').scrollIntoViewIfNeeded();
  await look(page, 'phone log');
  await context.close();
  assert.deepEqual([foreign, errors], [[], []]);
});
