// A patient's own appointments, without an account: asked for on a phone, opened with the code of the mail, one cancelled.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { PATIENT, confirmBooking, fillPerson, findFreeSlot, holdSlot, openPatientPage, surroundings } from './screens.mjs';
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

/** The eight digits of the demo's newest mail to a patient. */
async function code() {
  const inbox = await openContext(browser, demo.ops_url, { viewport: PHONE, guarded: false });
  const page = await inbox.context.newPage();
  const article = page.locator('article', { hasText: 'Votre code' });
  do await page.goto(`${demo.ops_url}/mails`);
  while ((await article.count()) === 0);
  await look(page, 'phone mail with a code');
  const [digits] = (await article.first().textContent()).match(/\b\d{8}\b/);
  await inbox.context.close();
  return digits;
}

test('a code by mail opens ones own appointments', { timeout: 120_000 }, async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await openPatientPage(visit.context, demo);
  const { start_ms } = await findFreeSlot(page);
  await holdSlot(page, start_ms);
  await fillPerson(page);
  await confirmBooking(page);
  // On another day, in another tab.
  const later = await visit.context.newPage();
  await later.goto(`${demo.base_url}/p/${demo.practice}`);
  await later.getByTestId('my-appointments').click();
  await later.getByTestId('visit-email').fill(PATIENT.email);
  await look(later, 'phone my appointments');
  await later.getByTestId('visit-ask').click();
  await later.getByTestId('visit-code').fill('00000000');
  await later.getByTestId('visit-problem').waitFor();
  await look(later, 'phone wrong code');
  await later.getByTestId('visit-code').fill(await code());
  await later.getByTestId('visited').waitFor();
  await look(later, 'phone appointments shown');
  // A reload asks for nothing; leaving does.
  await later.reload();
  await later.getByTestId('visit-cancel').click();
  await later.getByTestId('visit-cancel-yes').click();
  await later.getByTestId('visit-cancelled').waitFor();
  await later.getByTestId('visited').waitFor({ state: 'detached' });
  await look(later, 'phone appointment cancelled');
  await later.getByTestId('visit-leave').click();
  await later.getByTestId('visit-email').waitFor();
  assert.deepEqual(visit.foreign, []);
  const others = visit.errors.filter((text) => !text.includes('status of 401'));
  assert.deepEqual(others, []);
  await visit.context.close();
});
