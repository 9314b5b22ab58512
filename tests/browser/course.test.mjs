// Series, attendance, lateness and "why not this time?" on the practice's screens: booked in one act, told live, taken back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { bookAsStaff, drawnBooking, findFreeSlot, openAgenda, openSideBySide, showDay, slot, surroundings, takenSlot, wallInParis } from './screens.mjs';

const { demo, binary } = surroundings();
const QUIET = { foreign: [], errors: [] };
const DAY_MS = 86_400_000;
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** Opens the search for a series of `count` sessions from a free time on, on that day of the week. */
async function openSeries(agenda, { practitioner, kind, start_ms }, count) {
  const { date, time } = wallInParis(start_ms);
  const day = WEEKDAYS[new Date(`${date}T12:00Z`).getUTCDay()];
  await agenda.getByTestId('new-booking').click();
  await agenda.getByTestId('booking-series').click();
  const dialog = agenda.getByTestId('series-dialog');
  await dialog.getByTestId('series-practitioner').selectOption({ label: practitioner });
  await dialog.getByTestId('series-type').selectOption(kind);
  await dialog.getByTestId('series-first').fill(date);
  await dialog.getByTestId('series-about').fill(time);
  await dialog.getByTestId('series-count').fill(String(count));
  for (const one of WEEKDAYS) await dialog.getByTestId(`series-${one}`).setChecked(one === day, { force: true });
  await dialog.getByTestId('series-search').click();
  await dialog.getByTestId('series-found').waitFor();
  return dialog;
}

test('four sessions are found, booked in one act, and cancelled in one act', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const free = await findFreeSlot(patient, { after_ms: Date.now() + 20 * DAY_MS });
  await showDay(agenda, free.start_ms);
  const dialog = await openSeries(agenda, { practitioner, ...free }, 4);
  assert.equal(await dialog.locator('[data-testid="series-date"][data-free="true"]').count(), 4);
  await look(agenda, 'series');
  await dialog.getByTestId('form-given-name').fill('Noor');
  await dialog.getByTestId('form-family-name').fill('Haddad');
  await dialog.getByTestId('form-phone').fill('06 39 98 12 34');
  await dialog.getByTestId('series-book').click();
  await dialog.waitFor({ state: 'detached' });
  const drawn = agenda.locator(`[data-testid="booking"][data-start-ms="${free.start_ms}"]`, { hasText: 'Noor Haddad' });
  await drawn.waitFor();
  await slot(patient, free.start_ms).waitFor({ state: 'detached' });

  await drawn.click();
  assert.match(await agenda.getByTestId('series-place').textContent(), /1 (sur|of) 4/);
  await look(agenda, 'series-card');
  await agenda.getByTestId('series-cancel').click();
  await agenda.getByTestId('scope-all').check();
  await look(agenda, 'series-scope');
  await agenda.getByTestId('scope-yes').click();
  await drawn.waitFor({ state: 'detached' });
  await slot(patient, free.start_ms).waitFor();
  assert.deepEqual(await close(), QUIET);
});

test('a session taken meanwhile keeps the series out, is shown with what is free near it, and the rest is taken back by undo', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const free = await findFreeSlot(patient, { after_ms: Date.now() + 20 * DAY_MS });
  await showDay(agenda, free.start_ms);
  await bookAsStaff(agenda, { practitioner, kind: free.kind, start_ms: free.start_ms, person: { given: 'Alba', family: 'Roig', email: '', phone: '06 39 98 12 34' } });
  const dialog = await openSeries(agenda, { practitioner, ...free }, 2);
  const red = dialog.locator('[data-testid="series-date"][data-free="false"]').first();
  assert.match(await red.textContent(), /Alba Roig/);
  await red.getByTestId('series-instead').first().click();
  assert.equal(await red.locator('input').isChecked(), true);
  await look(agenda, 'series-instead');
  await red.locator('input').uncheck();
  await dialog.getByTestId('form-given-name').fill('Noor');
  await dialog.getByTestId('form-family-name').fill('Haddad');
  await dialog.getByTestId('form-phone').fill('06 39 98 12 34');
  await dialog.getByTestId('series-book').click();
  await dialog.waitFor({ state: 'detached' });
  await agenda.getByTestId('undo').last().click();
  await agenda.getByTestId('undo').waitFor({ state: 'detached' });
  assert.deepEqual(await close(), QUIET);
});

test('what became of an appointment is said with one touch, seen by a colleague, and taken back', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const free = await findFreeSlot(patient);
  await showDay(agenda, free.start_ms);
  await bookAsStaff(agenda, { practitioner, kind: free.kind, start_ms: free.start_ms, person: { given: 'Ivo', family: 'Renard', email: '', phone: '06 39 98 12 34' } });
  const drawn = agenda.locator(`[data-testid="booking"][data-start-ms="${free.start_ms}"]`, { hasText: 'Ivo Renard' });
  await drawn.waitFor();
  const booking = await drawn.getAttribute('data-booking-id');
  const colleague = await openContext(browser, demo.base_url);
  const other = await openAgenda(colleague.context, demo, binary);
  await showDay(other, free.start_ms);

  await drawn.click();
  await agenda.getByTestId('mark-excused').click();
  await agenda.locator('[data-testid="mark-excused"][aria-pressed="true"]').waitFor();
  await drawnBooking(other, booking).getByTestId('said').waitFor();
  await look(agenda, 'marked');
  await agenda.getByTestId('mark-excused').click();
  await drawnBooking(other, booking).getByTestId('said').waitFor({ state: 'detached' });
  await colleague.context.close();
  assert.deepEqual(await close(), QUIET);
});

test('a delay is announced with two touches, stands on a colleague\'s phone, and ends', async () => {
  const one = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const agenda = await openAgenda(one.context, demo, binary);
  const two = await openContext(browser, demo.base_url, { viewport: PHONE });
  const phone = await openAgenda(two.context, demo, binary);
  await agenda.getByTestId('open-delay').click();
  await look(agenda, 'delay');
  await agenda.getByTestId('delay-25').click();
  await phone.getByTestId('late').filter({ hasText: '25' }).waitFor();
  await look(phone, 'late-phone');
  await agenda.keyboard.press('r');
  await agenda.getByTestId('delay-0').click();
  await phone.getByTestId('late').waitFor({ state: 'detached' });
  await phone.getByTestId('open-room').click();
  await phone.getByTestId('room-waiting').waitFor();
  await look(phone, 'waiting-room-phone');
  await one.context.close();
  await two.context.close();
});

test('while a time is chosen, what stands in its way is said', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const free = await findFreeSlot(patient);
  await showDay(agenda, free.start_ms);
  const { date, time } = wallInParis(free.start_ms);
  await agenda.getByTestId('new-booking').click();
  const dialog = agenda.getByTestId('booking-dialog');
  await dialog.getByTestId('booking-practitioner').selectOption({ label: practitioner });
  await dialog.getByTestId('booking-type').selectOption(free.kind);
  await dialog.getByTestId('booking-date').fill(date);
  await dialog.getByTestId('booking-time').fill(time);
  await dialog.getByTestId('why-not').locator('.free').waitFor();
  await dialog.getByTestId('booking-time').fill('03:00');
  await dialog.getByTestId('why-not').locator('.warn').waitFor();
  await look(agenda, 'why-not');
  await dialog.getByTestId('form-given-name').fill('Lise');
  await agenda.keyboard.press('Escape');
  await agenda.getByTestId('discard-yes').click();
  assert.equal(await takenSlot(patient, free.start_ms).count(), 0);
  assert.deepEqual(await close(), QUIET);
});
