// The practice's agenda under a mouse and under a keyboard: a booking moved by drag and by keys, taken back, seen in the
// month; what is typed is not lost by a slip; what is asked while the line is down waits, says so, and is done afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import {
  bookAsStaff, dragBooking, drawnBooking, findFreeSlot, findFreeSlots, openSideBySide, showDay, slot, surroundings, tabTo, wallInParis, waitForState,
} from './screens.mjs';

const { demo, binary } = surroundings();
const QUIET = { foreign: [], errors: [] };
const DAY_MS = 86_400_000;
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** A booking by the staff at `start_ms`; answers with its id as drawn. */
async function booked(agenda, practitioner, { start_ms, kind }, family) {
  await bookAsStaff(agenda, { practitioner, kind, start_ms, person: { given: 'Ines', family, email: '', phone: '06 39 98 12 34' } });
  const drawn = agenda.locator(`[data-testid="booking"][data-start-ms="${start_ms}"]`, { hasText: `Ines ${family}` });
  await drawn.waitFor();
  return drawn.getAttribute('data-booking-id');
}

/** The booking stands at `to` on the agenda, and the patients' page offers `from` and no longer `to`. */
async function movedEverywhere({ agenda, patient }, booking, from, to) {
  await agenda.locator(`[data-booking-id="${booking}"][data-start-ms="${to}"][data-state=""]`).waitFor();
  await slot(patient, from).waitFor();
  await slot(patient, to).waitFor({ state: 'detached' });
}

test('a booking is dragged to another time, everybody sees it, and it is taken back', async () => {
  const all = await openSideBySide(browser, demo, binary);
  const { agenda, patient, practitioner, close } = all;
  const [from, to] = await findFreeSlots(patient);
  await showDay(agenda, from.start_ms);
  const booking = await booked(agenda, practitioner, from, 'Lenoir');

  await dragBooking(agenda, booking, (to.start_ms - from.start_ms) / 60_000);
  await movedEverywhere(all, booking, from.start_ms, to.start_ms);
  await agenda.getByTestId('undo').click();
  await movedEverywhere(all, booking, to.start_ms, from.start_ms);
  assert.deepEqual(await close(), QUIET);
});

test('a keyboard reaches a booking, moves it, and takes that back', async () => {
  const all = await openSideBySide(browser, demo, binary);
  const { agenda, patient, practitioner, close } = all;
  const [from, to] = await findFreeSlots(patient);
  await showDay(agenda, from.start_ms);
  const booking = await booked(agenda, practitioner, from, 'Garnier');

  await agenda.locator('#content').focus();
  await tabTo(agenda, `.ec-event:focus [data-booking-id="${booking}"]`);
  await agenda.keyboard.press('Enter');
  await agenda.getByTestId('booking-card').waitFor();
  await tabTo(agenda, '[data-testid="move-booking"]:focus');
  await agenda.keyboard.press('Enter');
  // The form that takes the button's place has the keyboard.
  await agenda.locator('[data-testid="move-date"]:focus').waitFor();
  await agenda.getByTestId('move-time').fill(wallInParis(to.start_ms).time);
  await agenda.keyboard.press('Enter');
  await agenda.getByTestId('booking-card').waitFor({ state: 'detached' });
  await movedEverywhere(all, booking, from.start_ms, to.start_ms);
  await agenda.locator('#content:focus, #content :focus').first().waitFor();

  await agenda.keyboard.press('Control+z');
  await movedEverywhere(all, booking, to.start_ms, from.start_ms);
  assert.deepEqual(await close(), QUIET);
});

test('a cancellation is asked about, waits, and is taken back: the slot was never offered', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const free = await findFreeSlot(patient);
  await showDay(agenda, free.start_ms);
  const booking = await booked(agenda, practitioner, free, 'Perrin');
  await slot(patient, free.start_ms).waitFor({ state: 'detached' });
  await drawnBooking(agenda, booking).click();
  await agenda.getByTestId('staff-cancel').click();
  await agenda.getByTestId('question-yes').click();
  await agenda.locator(`[data-booking-id="${booking}"][data-state="leaving"]`).waitFor();
  await agenda.getByTestId('undo').click();
  await agenda.locator(`[data-booking-id="${booking}"][data-state=""]`).waitFor();
  assert.equal(await slot(patient, free.start_ms).count(), 0);
  assert.deepEqual(await close(), QUIET);
});

test('the month shows what is booked, live, and leads to its days', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const free = await findFreeSlot(patient, { after_ms: Date.now() + 50 * DAY_MS });
  const { date } = wallInParis(free.start_ms);
  await agenda.keyboard.press('m');
  await agenda.locator('[data-view="month"] .ec-day-grid').waitFor();
  await showDay(agenda, free.start_ms);
  const booking = await booked(agenda, practitioner, free, 'Marchand');
  const day = agenda.locator(`[data-view="month"] .ec-day:has(time[datetime="${date}"])`);
  await day.locator(`time[datetime="${date}"]`).first().click();
  await agenda.locator('[data-view="day"] .ec').waitFor();
  await drawnBooking(agenda, booking).waitFor();

  await agenda.keyboard.press('m');
  const title = agenda.locator('.when h2');
  const before = await title.textContent();
  await agenda.keyboard.press('ArrowRight');
  await agenda.waitForFunction((text) => document.querySelector('.when h2').textContent !== text, before);
  await agenda.keyboard.press('ArrowLeft');
  await agenda.waitForFunction((text) => document.querySelector('.when h2').textContent === text, before);
  assert.deepEqual(await close(), QUIET);
});

test('what was typed is not lost by Escape or a click beside the dialog', async () => {
  const { agenda, close } = await openSideBySide(browser, demo, binary);
  await agenda.keyboard.press('n');
  const dialog = agenda.getByTestId('booking-dialog');
  await dialog.waitFor();
  await agenda.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  await agenda.keyboard.press('n');
  await dialog.getByTestId('form-given-name').fill('Sonia');
  for (const slip of [() => agenda.keyboard.press('Escape'), () => agenda.mouse.click(4, 400)]) {
    await slip();
    await agenda.getByTestId('discard-no').click();
    await agenda.getByTestId('discard').waitFor({ state: 'detached' });
    assert.equal(await dialog.getByTestId('form-given-name').inputValue(), 'Sonia');
  }
  await agenda.keyboard.press('Escape');
  await agenda.getByTestId('discard-yes').click();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(await close(), QUIET);
});

test('cut off, the agenda says so, keeps what is asked of it as pending, and does it once the line is back', async () => {
  const { agenda, patient, practitioner, staff, close } = await openSideBySide(browser, demo, binary);
  const [from, to] = await findFreeSlots(patient);
  await showDay(agenda, from.start_ms);
  const booking = await booked(agenda, practitioner, from, 'Rolland');

  await staff.context.setOffline(true);
  await waitForState(agenda, 'reconnecting');
  await dragBooking(agenda, booking, (to.start_ms - from.start_ms) / 60_000);
  await agenda.getByTestId('pending').waitFor();
  await agenda.locator(`[data-booking-id="${booking}"][data-start-ms="${from.start_ms}"][data-state="moving"]`).waitFor();
  assert.equal(await slot(patient, to.start_ms).count(), 1, 'a patient still sees the slot as free');

  await staff.context.setOffline(false);
  await waitForState(agenda, 'live');
  await agenda.locator(`[data-booking-id="${booking}"][data-start-ms="${to.start_ms}"][data-state=""]`).waitFor();
  await slot(patient, to.start_ms).waitFor({ state: 'detached' });
  staff.errors.splice(0, Infinity, ...staff.errors.filter((text) => !/ERR_INTERNET_DISCONNECTED|WebSocket connection to/.test(text)));
  assert.deepEqual(await close(), QUIET);
});
