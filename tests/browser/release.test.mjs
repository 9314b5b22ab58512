// When appointments open: caps a day, hours kept back for urgencies, weeks that open at once. Set by the practice, seen by
// patients while they look, gone over by the practice on purpose. On a desktop and on a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch } from './browser.mjs';
import { look } from './look.mjs';
import { bookAsStaff, fillPerson, findFreeSlot, openSideBySide, showDay, slot, surroundings, wallInParis } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
const QUIET = { foreign: [], errors: [] };
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const LOUIS = { given: 'Louis', family: 'Vasseur', email: '', phone: '06 39 98 12 34' };
let browser;
let server;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
  // A test that failed has left it running.
  await server?.kill();
});

/** A server of its own: what these tests change of hours and types is nobody else's business. */
async function scene() {
  server = await startDemo(binary);
  const opened = await openSideBySide(browser, server.demo, binary);
  const close = async () => {
    assert.deepEqual(await opened.close(), QUIET);
    await server.stop();
    server = undefined;
  };
  return { ...opened, close };
}

async function openSettings(page, practitioner) {
  await page.locator('a[href="/agenda/reglages"]:visible').first().click();
  await page.getByRole('button', { name: practitioner }).click();
  await page.getByTestId('rule').first().waitFor();
}

/** Opens the dialog of a type, or of a new one. */
async function openType(agenda, name) {
  const dialog = agenda.getByTestId('type-dialog');
  if (name === undefined) await agenda.getByTestId('add-type').click();
  else await agenda.getByTestId('edit-type').filter({ hasText: name }).click();
  await dialog.waitFor();
  return dialog;
}

async function saved(dialog) {
  await dialog.getByTestId('type-save').click();
  await dialog.waitFor({ state: 'detached' });
}

/** Adds a type that is capped at one a day, and an evening in which it is received: 21:00 and 21:30 are on the patient's page. */
async function addCapped(agenda, patient) {
  const { start_ms } = await findFreeSlot(patient);
  const opening = agenda.getByTestId('opening-dialog');
  await agenda.getByTestId('add-exception').click();
  await opening.locator('input[type="date"]').fill(wallInParis(start_ms).date);
  await opening.getByTestId('opening-from').fill('21:00');
  await opening.getByTestId('opening-until').fill('22:00');
  await opening.getByTestId('opening-save').click();
  await opening.waitFor({ state: 'detached' });
  const dialog = await openType(agenda);
  await dialog.getByTestId('type-name').fill('Première visite');
  await dialog.getByTestId('type-cap').fill('1');
  await look(agenda, 'desktop type with a cap');
  await saved(dialog);
  await agenda.getByTestId('edit-type').filter({ hasText: 'Première visite' }).filter({ hasText: '1 par jour' }).waitFor();
  const choice = patient.getByTestId('type-choice').filter({ hasText: 'Première visite' });
  await choice.click();
  const kind = await choice.getAttribute('data-kind');
  const drawn = patient.locator(`[data-testid="slot"][data-kind="${kind}"]`);
  await drawn.nth(2).waitFor();
  const starts = await drawn.evaluateAll((buttons) => buttons.map((button) => Number(button.dataset.startMs)));
  assert.deepEqual(starts.map((ms) => wallInParis(ms).time), ['21:00', '21:15', '21:30']);
  return [{ kind, start_ms: starts[0] }, { kind, start_ms: starts[2] }];
}

test('a day that has reached its cap leaves the patients\' page, and comes back; staff go over it on purpose', { timeout: 240_000 }, async () => {
  const { agenda, patient, practitioner, close } = await scene();
  await openSettings(agenda, practitioner);
  const [first, second] = await addCapped(agenda, patient);
  await agenda.locator('a[href="/agenda"]:visible').first().click();
  await agenda.locator('.ec').waitFor();
  await showDay(agenda, first.start_ms);
  await bookAsStaff(agenda, { practitioner, ...first, person: LOUIS });
  const drawn = agenda.locator(`[data-testid="booking"][data-start-ms="${first.start_ms}"]`, { hasText: 'Vasseur' });
  await drawn.waitFor();
  await slot(patient, second.start_ms).waitFor({ state: 'detached' });
  await look(patient, 'desktop day without slots');

  // One more that day: the reason is named before, the question is asked, and yes is an answer.
  await agenda.getByTestId('new-booking').click();
  const dialog = agenda.getByTestId('booking-dialog');
  await dialog.getByTestId('booking-practitioner').selectOption({ label: practitioner });
  await dialog.getByTestId('booking-type').selectOption(second.kind);
  const { date, time } = wallInParis(second.start_ms);
  await dialog.getByTestId('booking-date').fill(date);
  await dialog.getByTestId('booking-time').fill(time);
  await dialog.getByTestId('why-not').getByText('le plafond de 1 par jour est atteint').waitFor();
  await look(agenda, 'desktop cap reached');
  await fillPerson(dialog, { ...LOUIS, given: 'Anne', family: 'Roche' });
  await dialog.getByTestId('booking-save').click();
  await agenda.getByTestId('question').getByText('Première visite').waitFor();
  await look(agenda, 'desktop question cap');
  await agenda.getByTestId('question-yes').click();
  const over = agenda.locator(`[data-testid="booking"][data-start-ms="${second.start_ms}"]`, { hasText: 'Roche' });
  await over.waitFor();

  // Both cancelled, the day is open again.
  for (const one of [over, drawn]) {
    await one.click();
    await agenda.getByTestId('staff-cancel').click();
    await agenda.getByTestId('question-yes').click();
    await one.waitFor({ state: 'detached' });
  }
  await slot(patient, second.start_ms).waitFor();
  await close();
});

test('hours kept back open on their day; the practice books in them before', { timeout: 240_000 }, async () => {
  const { agenda, patient, practitioner, close } = await scene();
  const { start_ms, kind } = await findFreeSlot(patient);
  const { date } = wallInParis(start_ms);
  await openSettings(agenda, practitioner);
  const dialog = agenda.getByTestId('opening-dialog');
  await agenda.getByTestId('add-exception').click();
  await dialog.locator('input[type="date"]').fill(date);
  await dialog.getByTestId('opening-from').fill('21:00');
  await dialog.getByTestId('opening-until').fill('22:00');
  await dialog.getByTestId('opening-kept').selectOption('day');
  await dialog.getByTestId('opening-kept-at').fill('07:30');
  await look(agenda, 'desktop opening kept back');
  await agenda.setViewportSize(PHONE);
  await look(agenda, 'phone opening kept back');
  await dialog.getByTestId('opening-save').click();
  await dialog.waitFor({ state: 'detached' });
  const listed = agenda.getByTestId('exception').filter({ hasText: 'gardée jusqu’à 07:30 le jour même' });
  await listed.waitFor();
  await look(agenda, 'phone settings');
  await agenda.setViewportSize(DESKTOP);

  // The patient is told when, and offered nothing before.
  const next = patient.getByTestId('next-opening');
  await next.waitFor();
  const release_ms = Number(await next.getAttribute('data-at-ms'));
  assert.deepEqual(wallInParis(release_ms), { date, time: '07:30' });
  const evening = patient.getByTestId('slot').filter({ hasText: '21:' });
  assert.equal(await evening.count(), 0);
  await look(patient, 'desktop next opening');

  // The practice books in it without being asked anything.
  await agenda.locator('a[href="/agenda"]:visible').first().click();
  await agenda.locator('.ec').waitFor();
  const kept_ms = release_ms + 13.5 * HOUR_MS;
  assert.deepEqual(wallInParis(kept_ms), { date, time: '21:00' });
  await showDay(agenda, kept_ms);
  await bookAsStaff(agenda, { practitioner, kind, start_ms: kept_ms, person: LOUIS });
  await agenda.locator(`[data-testid="booking"][data-start-ms="${kept_ms}"]`, { hasText: 'Vasseur' }).waitFor();

  // No longer kept back, what is left of it is there.
  await openSettings(agenda, practitioner);
  await agenda.getByTestId('exception').filter({ hasText: '21:00 – 22:00' }).click();
  assert.equal(await dialog.getByTestId('opening-kept').inputValue(), 'day');
  await dialog.getByTestId('opening-kept').selectOption('always');
  await dialog.getByTestId('opening-save').click();
  await dialog.waitFor({ state: 'detached' });
  await evening.first().waitFor();
  await next.waitFor({ state: 'detached' });
  await close();
});

test('a type whose weeks open at once says when the next one does', { timeout: 240_000 }, async () => {
  const { agenda, patient, practitioner, close } = await scene();
  await openSettings(agenda, practitioner);
  const choice = patient.getByTestId('type-choice').first();
  const name = (await choice.locator('.name').textContent()).trim();
  const dialog = await openType(agenda, name);
  await dialog.getByTestId('type-opens').selectOption('weekly');
  await dialog.getByTestId('type-opens-day').selectOption('wednesday');
  await dialog.getByTestId('type-opens-at').fill('08:00');
  await dialog.getByTestId('type-opens-weeks').selectOption('2');
  await look(agenda, 'desktop type weekly');
  await agenda.setViewportSize(PHONE);
  await look(agenda, 'phone type weekly');
  await saved(dialog);
  await agenda.getByTestId('edit-type').filter({ hasText: name }).filter({ hasText: 'ouvre le mercredi à 08:00' }).waitFor();

  await choice.click();
  const next = patient.getByTestId('next-opening');
  await next.waitFor();
  const at_ms = Number(await next.getAttribute('data-at-ms'));
  const { date, time } = wallInParis(at_ms);
  assert.equal(time, '08:00');
  assert.equal(new Date(`${date}T12:00Z`).getUTCDay(), 3, 'a Wednesday');
  assert.ok(at_ms > Date.now() - 60_000 && at_ms <= Date.now() + 7 * DAY_MS + HOUR_MS, 'the next one');
  // What is offered begins before the week that opens then: the Monday twelve days after that Wednesday.
  await patient.setViewportSize(PHONE);
  await look(patient, 'phone next opening');
  await patient.setViewportSize(DESKTOP);
  const monday = new Date(Date.parse(`${date}T00:00Z`) + 12 * DAY_MS).toISOString().slice(0, 10);
  const pages = patient.locator('.pager button').last();
  while (await pages.isEnabled()) await pages.click();
  const shown = await patient.getByTestId('slot').evaluateAll((buttons) => buttons.map((button) => Number(button.dataset.startMs)));
  assert.ok(shown.every((ms) => wallInParis(ms).date < monday), `before ${monday}`);
  await close();
});
