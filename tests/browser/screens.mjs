// What the tests know of the product's screens: where things are and how a person gets through them. Every step waits for
// a condition, never for a time. Must not be here: assertions (they are the tests'), and how browsers start (`browser.mjs`).
import { openContext } from './browser.mjs';
import { staffLink } from './server.mjs';

const HOUR_MS = 3_600_000;
/** Patients may cancel until 24 hours before in the demo; a slot beyond that and a margin can be cancelled in a test. */
const CANCELLABLE_MS = 30 * HOUR_MS;
const WEEKS_MAX = 13;

export const PATIENT = { given: 'Jeanne', family: 'Aubry', email: 'jeanne.aubry@example.org', phone: '' };

/** The demo that `run.mjs` has started, and the binary. */
export function surroundings() {
  if (!process.env.CABINET_DEMO || !process.env.CABINET_BIN) throw new Error('run with run.mjs: npm test');
  return { demo: JSON.parse(process.env.CABINET_DEMO), binary: process.env.CABINET_BIN };
}

export function slot(page, start_ms) {
  return page.locator(`[data-testid="slot"][data-start-ms="${start_ms}"]`);
}

export function takenSlot(page, start_ms) {
  return page.locator(`[data-testid="slot-taken"][data-start-ms="${start_ms}"]`);
}

export function ownSlot(page, start_ms) {
  return page.locator(`[data-testid="slot-own"][data-start-ms="${start_ms}"]`);
}

/** A booking as the calendar draws it. */
export function drawnBooking(page, booking) {
  return page.locator(`[data-testid="booking"][data-booking-id="${booking}"]`);
}

/** Waits until a screen says that it is live (or whatever `state` is). */
export async function waitForState(page, state, options = {}) {
  await page.locator(`[data-testid="connection-state"][data-state="${state}"]`).first().waitFor({ state: 'attached', ...options });
}

/** A practitioner's page, live and with its first slots drawn, or with the offer to go to the next one. */
export async function openPatientPage(context, demo, practitioner = demo.practitioners[0]) {
  const page = await context.newPage();
  await page.goto(`${demo.base_url}/p/${demo.practice}/${practitioner}`);
  await waitForState(page, 'live');
  await page.getByTestId('slot').or(page.locator('button.next')).first().waitFor();
  return page;
}

/** The staff's agenda, signed in by a link of its own, live and drawn. */
export async function openAgenda(context, demo, binary) {
  const page = await context.newPage();
  await page.goto(await staffLink(binary, demo));
  await waitForState(page, 'live');
  await page.locator('.ec').waitFor();
  return page;
}

/**
 * The staff's agenda and a patient's page of its first practitioner (`practitioner` is their name), each in a context of
 * its own. `close()` answers with what neither may have: requests elsewhere and errors.
 */
export async function openSideBySide(browser, demo, binary) {
  const [staff, visit] = await Promise.all([openContext(browser, demo.base_url), openContext(browser, demo.base_url)]);
  const [agenda, patient] = await Promise.all([openAgenda(staff.context, demo, binary), openPatientPage(visit.context, demo)]);
  const practitioner = (await patient.locator('h1').textContent()).split('–').at(-1).trim();
  const close = async () => {
    await Promise.all([staff.context.close(), visit.context.close()]);
    return { foreign: [...staff.foreign, ...visit.foreign], errors: [...staff.errors, ...visit.errors] };
  };
  return { agenda, patient, practitioner, staff, close };
}

/**
 * Turns the pages of a desktop's patient page until it shows a slot that can still be cancelled by the patient, and
 * answers with it: `{ start_ms, kind }`. `skip` slots are left alone.
 */
export async function findFreeSlot(page, { skip = new Set(), after_ms = Date.now() + CANCELLABLE_MS } = {}) {
  for (let week = 0; week < WEEKS_MAX; week += 1) {
    const shown = await page.getByTestId('slot').evaluateAll((buttons) =>
      buttons.map((button) => ({ start_ms: Number(button.dataset.startMs), kind: button.dataset.kind })));
    const found = shown.find((one) => one.start_ms > after_ms && !skip.has(one.start_ms));
    if (found) return found;
    await turnWeek(page);
  }
  throw new Error('no free slot on any page');
}

/**
 * Two free slots of one day, an hour to three hours apart, that are drawn on one page; later than `findFreeSlot` looks for.
 */
export async function findFreeSlots(page) {
  let after_ms = Date.now() + CANCELLABLE_MS;
  for (let week = 0; week < WEEKS_MAX; week += 1) {
    const first = await findFreeSlot(page, { after_ms });
    const shown = await page.getByTestId('slot').evaluateAll((buttons) =>
      buttons.map((button) => ({ start_ms: Number(button.dataset.startMs), kind: button.dataset.kind })));
    for (const from of shown.filter((one) => one.start_ms >= first.start_ms)) {
      const to = shown.find((one) => one.start_ms - from.start_ms >= HOUR_MS && one.start_ms - from.start_ms <= 3 * HOUR_MS);
      if (to) return [from, to];
    }
    after_ms = shown.at(-1).start_ms;
  }
  throw new Error('no two free slots near each other on any page');
}

/** Turns the pages until one slot is drawn in whatever state. */
export async function showSlot(page, start_ms) {
  for (let week = 0; week < WEEKS_MAX; week += 1) {
    if ((await page.locator(`[data-start-ms="${start_ms}"]`).count()) > 0) return;
    await turnWeek(page);
  }
  throw new Error(`slot ${start_ms} is on no page`);
}

async function turnWeek(page) {
  const range = page.locator('.range');
  const before = await range.textContent();
  await page.locator('.pager button').last().click();
  await page.waitForFunction((text) => document.querySelector('.range')?.textContent !== text, before);
}

/** Takes a slot and waits until it is held. */
export async function holdSlot(page, start_ms) {
  await slot(page, start_ms).click();
  await page.getByTestId('hold-countdown').waitFor();
}

export async function fillPerson(scope, person = PATIENT) {
  await scope.getByTestId('form-given-name').fill(person.given);
  await scope.getByTestId('form-family-name').fill(person.family);
  await scope.getByTestId('form-email').fill(person.email);
  await scope.getByTestId('form-phone').fill(person.phone);
}

/** Sends the form and answers with the booking's id once it is confirmed. */
export async function confirmBooking(page) {
  await page.getByTestId('form-confirm').click();
  const confirmation = page.getByTestId('confirmation');
  await confirmation.waitFor();
  return confirmation.getAttribute('data-booking-id');
}

/** From the confirmation back to the slots. */
export async function bookAgain(page) {
  await page.getByTestId('book-another').click();
  await page.getByTestId('slot').first().waitFor();
}

/** From the confirmation to the cancelled appointment, by the link that the patient keeps. */
export async function cancelByManageLink(page) {
  await page.getByTestId('manage-link').click();
  await page.getByTestId('cancel-booking').click();
  await page.getByTestId('cancel-yes').click();
  await page.getByTestId('cancelled').waitFor();
}

/** Day and time of an instant on the wall in Paris, where the demo is: `2026-11-24` and `09:30`. */
export function wallInParis(ms) {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris', dateStyle: 'short', timeStyle: 'short' }).format(ms);
  const [date, time] = parts.split(' ');
  return { date, time };
}

/** Brings the agenda to the day of an instant. */
export async function showDay(page, ms) {
  await page.getByTestId('goto-date').fill(wallInParis(ms).date);
}

/** Drags a booking of the day's columns down by so many minutes, with the mouse. */
export async function dragBooking(page, booking, minutes) {
  const event = page.locator('.ec-event', { has: drawnBooking(page, booking) });
  // In the middle, so that three hours later is in sight, too: past the edge the calendar would scroll under the mouse.
  await event.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const box = await event.boundingBox();
  const starts_at = { x: box.x + box.width / 2, y: box.y + 8 };
  const half_hour = await page.locator('.ec [style*="--ec-slot-height"]').first().evaluate((element) => Number.parseFloat(element.style.getPropertyValue('--ec-slot-height')));
  const pixels = half_hour / 30;
  await page.mouse.move(starts_at.x, starts_at.y);
  await page.mouse.down();
  await page.mouse.move(starts_at.x, starts_at.y + (minutes * pixels) / 2, { steps: 4 });
  await page.mouse.move(starts_at.x, starts_at.y + minutes * pixels, { steps: 4 });
  await page.mouse.up();
}

/** Presses Tab until something matches. */
export async function tabTo(page, selector, presses_max = 150) {
  for (let press = 0; press < presses_max; press += 1) {
    if ((await page.locator(selector).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${selector}`);
}

/** A booking by the staff through the dialog; closed once the server has accepted it. */
export async function bookAsStaff(page, { practitioner, kind, start_ms, person = PATIENT }) {
  await page.getByTestId('new-booking').click();
  const dialog = page.getByTestId('booking-dialog');
  await dialog.getByTestId('booking-practitioner').selectOption({ label: practitioner });
  await dialog.getByTestId('booking-type').selectOption(kind);
  const { date, time } = wallInParis(start_ms);
  await dialog.getByTestId('booking-date').fill(date);
  await dialog.getByTestId('booking-time').fill(time);
  await fillPerson(dialog, person);
  await dialog.getByTestId('booking-save').click();
  await dialog.waitFor({ state: 'detached' });
}
