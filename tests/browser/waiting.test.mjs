// The waiting list: what the practice cancels is at once on the page of who waits longest, with a timer; accepted, it is a
// booking everywhere; declined, it is the next one's. On a phone and on a desktop.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { bookAsStaff, drawnBooking, fillPerson, findFreeSlot, openAgenda, openPatientPage, showDay, surroundings } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
const WEEK = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** Joins the list from the booking page, every day and far ahead; the page of one's own place. */
async function join(context, demo, kind, person, name) {
  const page = await openPatientPage(context, demo);
  await page.locator(`[data-testid="type-choice"][data-kind="${kind}"]`).click();
  await page.getByTestId('waiting-join').click();
  const dialog = page.getByTestId('waiting-dialog');
  await dialog.waitFor();
  // Nothing filled in: every mistake is said.
  await dialog.getByTestId('waiting-send').click();
  await dialog.locator('[aria-invalid="true"]').first().waitFor();
  await look(page, `${name} mistakes`);
  for (const day of WEEK) await dialog.getByTestId(`waiting-${day}`).check();
  const last = new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 10);
  await dialog.getByTestId('waiting-until').fill(last);
  await dialog.getByTestId('waiting-notice').selectOption('30');
  await fillPerson(dialog, person);
  await look(page, `${name} join`);
  await dialog.getByTestId('waiting-send').click();
  await page.getByTestId('waiting-rank').waitFor();
  assert.match(page.url(), /\/attente\/[0-9a-f]{32}#[0-9a-f]{64}$/);
  await page.locator('[data-testid="connection-state"][data-state="live"]').first().waitFor({ state: 'attached' });
  return page;
}

/** A server of its own with two who wait on phones and a practice on a desktop, which has just booked a free slot. */
async function scene() {
  const server = await startDemo(binary);
  const { demo } = server;
  const opened = await Promise.all([
    openContext(browser, demo.base_url), openContext(browser, demo.base_url, { viewport: PHONE }), openContext(browser, demo.base_url),
  ]);
  const [staff, first, second] = opened;
  const agenda = await openAgenda(staff.context, demo, binary);
  const finder = await openPatientPage(second.context, demo);
  const practitioner = (await finder.locator('h1').textContent()).split('–').at(-1).trim();
  const { start_ms, kind } = await findFreeSlot(finder);
  await finder.close();
  await showDay(agenda, start_ms);
  await bookAsStaff(agenda, { practitioner, kind, start_ms, person: { given: 'Louis', family: 'Vasseur', email: '', phone: '06 39 98 12 34' } });
  const anne = await join(first.context, demo, kind, { given: 'Anne', family: 'Roche', email: 'anne.roche@example.org', phone: '' }, 'phone');
  const marc = await join(second.context, demo, kind, { given: 'Marc', family: 'Petit', email: 'marc.petit@example.org', phone: '' }, 'desktop');
  const close = async () => {
    await Promise.all(opened.map(({ context }) => context.close()));
    await server.stop();
    for (const { foreign, errors } of opened) assert.deepEqual({ foreign, errors }, { foreign: [], errors: [] });
  };
  return { agenda, anne, marc, start_ms, close };
}

/** Staff cancel the booking that begins then. */
async function cancel(agenda, start_ms) {
  await agenda.locator(`[data-testid="booking"][data-start-ms="${start_ms}"]`, { hasText: 'Vasseur' }).click();
  await agenda.getByTestId('staff-cancel').click();
  await agenda.getByTestId('question-yes').click();
}

test('who waits longest is offered what is cancelled, accepts it, and everybody sees it', { timeout: 240_000 }, async () => {
  const { agenda, anne, marc, start_ms, close } = await scene();
  assert.equal(await anne.getByTestId('waiting-rank').textContent(), '1er');
  assert.equal(await marc.getByTestId('waiting-rank').textContent(), '2e');
  await look(anne, 'phone rank');
  await look(marc, 'desktop rank');
  await agenda.getByTestId('waiting-open').click();
  const list = agenda.getByTestId('waiting-list');
  await list.getByText('Anne Roche').waitFor();
  assert.equal(await list.getByTestId('waiting-entry').count(), 2);
  await look(agenda, 'desktop staff list');
  await agenda.keyboard.press('Escape');
  await list.waitFor({ state: 'detached' });

  await cancel(agenda, start_ms);
  const offer = anne.getByTestId('offer');
  await offer.waitFor();
  assert.equal(await offer.getAttribute('data-start-ms'), String(start_ms));
  assert.match(await anne.getByTestId('offer-countdown').textContent(), /^(10:00|9:\d\d)$/);
  await look(anne, 'phone offer');
  await agenda.getByTestId('waiting-open').click();
  await list.getByTestId('waiting-offer').waitFor();
  await look(agenda, 'desktop staff offer');
  await agenda.keyboard.press('Escape');

  await anne.getByTestId('offer-accept').click();
  await anne.getByTestId('waiting-booked').waitFor();
  await look(anne, 'phone booked');
  const entry = new URL(anne.url()).pathname.split('/').at(-1);
  const drawn = drawnBooking(agenda, entry);
  await drawn.waitFor();
  assert.match(await drawn.textContent(), /Anne Roche/);
  assert.match(await agenda.getByTestId('waiting-open').textContent(), /\(1\)/);
  await anne.reload();
  await anne.getByTestId('waiting-manage').click();
  await anne.getByTestId('cancel-booking').waitFor();
  await close();
});

test('what one lets go is the next one\'s at once, and who leaves is off the list', { timeout: 240_000 }, async () => {
  const { agenda, anne, marc, start_ms, close } = await scene();
  await cancel(agenda, start_ms);
  await anne.getByTestId('offer-decline').click();
  const offer = marc.getByTestId('offer');
  await offer.waitFor();
  assert.equal(await offer.getAttribute('data-start-ms'), String(start_ms));
  await look(marc, 'desktop offer');
  await anne.getByTestId('waiting-message').waitFor();
  await look(anne, 'phone declined');
  await anne.getByTestId('waiting-leave').click();
  await anne.getByTestId('leave-yes').click();
  await anne.getByTestId('waiting-gone').waitFor();
  await look(anne, 'phone left');

  // Taken off by the practice, on a phone's list.
  await agenda.setViewportSize(PHONE);
  await agenda.getByTestId('waiting-open').click();
  const list = agenda.getByTestId('waiting-list');
  await list.getByTestId('waiting-urgent').click();
  await list.locator('[data-testid="waiting-urgent"][aria-pressed="true"]').waitFor();
  await look(agenda, 'phone staff list');
  await list.getByTestId('waiting-remove').click();
  await list.getByTestId('waiting-nobody').waitFor();
  await close();
});
