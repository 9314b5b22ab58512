// What one person does is on the others' screens: a patient's booking in the agenda, a taken slot on another patient's
// page, a freed one back again. Two browser processes: the practice's and the patients'.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openContext } from './browser.mjs';
import {
  bookAsStaff, cancelByManageLink, confirmBooking, drawnBooking, fillPerson, findFreeSlot, holdSlot, openAgenda, openPatientPage, ownSlot,
  showDay, showSlot, slot, surroundings, takenSlot, wallInParis,
} from './screens.mjs';

const { demo, binary } = surroundings();
let practice;
let patients;

before(async () => {
  [practice, patients] = await Promise.all([launch(), launch()]);
});

after(async () => {
  await Promise.all([practice?.close(), patients?.close()]);
});

async function people() {
  const opened = await Promise.all([
    openContext(practice, demo.base_url), openContext(patients, demo.base_url), openContext(patients, demo.base_url),
  ]);
  const [staff, first, second] = opened;
  const [agenda, patient, watcher] = await Promise.all([
    openAgenda(staff.context, demo, binary), openPatientPage(first.context, demo), openPatientPage(second.context, demo),
  ]);
  const leave = async () => {
    await Promise.all(opened.map(({ context }) => context.close()));
    for (const { foreign, errors } of opened) assert.deepEqual({ foreign, errors }, { foreign: [], errors: [] });
  };
  return { agenda, patient, watcher, leave };
}

test('a patient books, everybody sees it; the patient cancels, and everybody sees that', async () => {
  const { agenda, patient, watcher, leave } = await people();
  const { start_ms } = await findFreeSlot(patient);
  await showSlot(watcher, start_ms);
  await showDay(agenda, start_ms);

  // Taken under the watcher's eyes: first grey, then gone; the holder's own says so; the practice sees the hold.
  const greyed = takenSlot(watcher, start_ms).waitFor();
  await holdSlot(patient, start_ms);
  await greyed;
  await ownSlot(patient, start_ms).waitFor();
  const hold = agenda.getByTestId('hold').filter({ hasText: wallInParis(start_ms).time });
  await hold.waitFor();
  await watcher.locator(`[data-start-ms="${start_ms}"]`).waitFor({ state: 'detached' });

  await fillPerson(patient);
  const booking = await confirmBooking(patient);
  const drawn = drawnBooking(agenda, booking);
  await drawn.waitFor();
  assert.match(await drawn.textContent(), /Jeanne Aubry/);
  assert.equal(await drawn.getAttribute('data-start-ms'), String(start_ms));
  await hold.waitFor({ state: 'detached' });
  // Who comes now never saw the slot: no farewell to it either.
  const latecomer = await openPatientPage(watcher.context(), demo);
  assert.equal(await latecomer.locator(`[data-start-ms="${start_ms}"]`).count(), 0);
  await latecomer.close();

  const freed = slot(watcher, start_ms).waitFor();
  await cancelByManageLink(patient);
  await freed;
  await drawn.waitFor({ state: 'detached' });
  await leave();
});

test('the practice books, and the slot leaves the patients\' pages', async () => {
  const { agenda, patient, watcher, leave } = await people();
  const { start_ms, kind } = await findFreeSlot(patient);
  await showSlot(watcher, start_ms);
  await showDay(agenda, start_ms);
  const practitioner = (await patient.locator('h1').textContent()).split('–').at(-1).trim();

  const greyed = Promise.all([patient, watcher].map((page) => takenSlot(page, start_ms).waitFor()));
  await bookAsStaff(agenda, { practitioner, kind, start_ms, person: { given: 'Louis', family: 'Vasseur', email: '', phone: '06 39 98 12 34' } });
  await greyed;
  await Promise.all([patient, watcher].map((page) => page.locator(`[data-start-ms="${start_ms}"]`).waitFor({ state: 'detached' })));
  await agenda.locator(`[data-testid="booking"][data-start-ms="${start_ms}"]`, { hasText: 'Louis Vasseur' }).waitFor();
  await leave();
});
