// Mails to a patient: a booking made in the browser is confirmed by a mail on the demo's page, its link opens the appointment and
// cancels it, the cancellation is mailed too. How the HTML of the mails looks, on a phone and a desk, in light and dark.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { confirmBooking, drawnBooking, fillPerson, findFreeSlot, holdSlot, openAgenda, openPatientPage, showDay, surroundings } from './screens.mjs';
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

/** The demo's page of mails, once one with this subject is there; and that mail. */
async function mail(page, subject) {
  const article = page.locator('article', { hasText: subject }).first();
  do await page.goto(`${demo.ops_url}/mails`);
  while ((await article.count()) === 0);
  return article;
}

/** The HTML of a mail in the frame of the demo's page, in which no script runs; then alone, where axe can, in every size and colour. */
async function lookAtHtml(article, name) {
  await article.getByText('HTML', { exact: true }).click();
  const frame = article.locator('iframe');
  await frame.contentFrame().locator('h1').waitFor();
  const address = `${demo.ops_url}${await frame.getAttribute('src')}`;
  for (const [size, viewport] of [['phone', PHONE], ['desktop', DESKTOP]]) {
    for (const colorScheme of ['light', 'dark']) {
      const { context, foreign, errors } = await openContext(browser, demo.ops_url, { viewport });
      const page = await context.newPage();
      await page.emulateMedia({ colorScheme });
      const answer = await page.request.get(address);
      assert.match(answer.headers()['content-security-policy'], /^default-src 'none'.*sandbox/);
      await page.setContent(await answer.text());
      await look(page, `mail ${name} ${size} ${colorScheme}`);
      assert.deepEqual([foreign, errors], [[], []]);
      await context.close();
    }
  }
}

test('a booking is confirmed by mail, its link opens and cancels it', { timeout: 180_000 }, async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const booking = await openPatientPage(visit.context, demo);
  const { start_ms } = await findFreeSlot(booking);
  await holdSlot(booking, start_ms);
  await fillPerson(booking);
  await confirmBooking(booking);
  const inbox = await openContext(browser, demo.ops_url, { viewport: PHONE, guarded: false });
  const reader = await inbox.context.newPage();
  const confirmed = await mail(reader, 'Rendez-vous confirmé');
  await look(reader, 'phone page of mails');
  const address = await confirmed.locator('a[href*="/rdv#"]').first().getAttribute('href');
  await lookAtHtml(confirmed, 'confirmed');
  // Another day, another browser: nothing is remembered there.
  const later = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await later.context.newPage();
  await page.goto(address);
  await page.getByTestId('cancel-booking').waitFor();
  await look(page, 'phone appointment by link');
  await page.getByTestId('cancel-booking').click();
  await page.getByTestId('cancel-yes').click();
  await page.getByTestId('cancelled').waitFor();
  const cancelled = await mail(reader, 'Rendez-vous annulé');
  await lookAtHtml(cancelled, 'cancelled');
  // A link that was cut short says so.
  const short = await later.context.newPage();
  await short.goto(address.slice(0, -9));
  await short.getByTestId('bad-link').waitFor();
  await look(short, 'phone bad link');
  assert.deepEqual(later.foreign, []);
  const unexpected = later.errors.filter((text) => !text.includes('status of 401'));
  assert.deepEqual(unexpected, []);
  for (const { context } of [visit, inbox, later]) await context.close();
});

test('staff see on the card of a booking what was mailed', { timeout: 120_000 }, async () => {
  const visit = await openContext(browser, demo.base_url);
  const patient = await openPatientPage(visit.context, demo);
  const { start_ms } = await findFreeSlot(patient);
  await holdSlot(patient, start_ms);
  await fillPerson(patient);
  const id = await confirmBooking(patient);
  const inbox = await openContext(browser, demo.ops_url, { guarded: false });
  await mail(await inbox.context.newPage(), 'Rendez-vous confirmé');
  const staff = await openContext(browser, demo.base_url);
  const agenda = await openAgenda(staff.context, demo, binary);
  await showDay(agenda, start_ms);
  await drawnBooking(agenda, id).click();
  await agenda.getByTestId('messages').locator('summary').click();
  await agenda.getByTestId('messages').getByText('Confirmation').waitFor();
  await look(agenda, 'desktop card with messages');
  for (const { context } of [visit, inbox, staff]) await context.close();
});
