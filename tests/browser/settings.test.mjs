// What the practice changes of its absences, types and hours reaches the patients' pages while they look, and can be
// taken back; nothing is deleted without a question.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { findFreeSlot, openSideBySide, showDay, slot, surroundings, wallInParis } from './screens.mjs';

const { demo, binary } = surroundings();
const QUIET = { foreign: [], errors: [] };
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** The settings of a practitioner, drawn. */
async function openSettings(page, practitioner) {
  await page.locator('a[href="/agenda/reglages"]:visible').first().click();
  await page.getByRole('button', { name: practitioner }).click();
  await page.getByTestId('rule').first().waitFor();
}

/** Answers the question with yes. */
async function sayYes(page) {
  await page.getByTestId('question-yes').click();
  await page.getByTestId('question').waitFor({ state: 'detached' });
}

test('an absence takes the slots from a patient\'s page, and reopening gives them back', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const { start_ms } = await findFreeSlot(patient);
  const offered = slot(patient, start_ms);
  await showDay(agenda, start_ms);

  await agenda.getByTestId('new-absence').click();
  const dialog = agenda.getByTestId('absence-dialog');
  await dialog.getByTestId('absence-practitioner').selectOption({ label: practitioner });
  await dialog.getByTestId('absence-to-time').fill('07:00');
  await dialog.getByTestId('absence-save').click();
  await dialog.locator('[aria-invalid="true"]').waitFor();
  await dialog.getByTestId('absence-to-time').fill('22:00');
  await dialog.getByTestId('absence-label').fill('Formation');
  await dialog.getByTestId('absence-save').click();
  await dialog.waitFor({ state: 'detached' });
  const drawn = agenda.getByTestId('absence').filter({ hasText: 'Formation' });
  await drawn.waitFor();
  await patient.locator(`[data-start-ms="${start_ms}"]`).waitFor({ state: 'detached' });

  await drawn.click();
  await agenda.getByTestId('absence-remove').click();
  await offered.waitFor();
  await drawn.waitFor({ state: 'detached' });

  // Reopened by mistake: closed again, and again open.
  await agenda.getByTestId('undo').last().click();
  await drawn.waitFor();
  await patient.locator(`[data-start-ms="${start_ms}"]`).waitFor({ state: 'detached' });
  await agenda.getByTestId('undo').last().click();
  await offered.waitFor();
  assert.deepEqual(await close(), QUIET);
});

test('a type gets another name and length, is added and retired', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  await openSettings(agenda, practitioner);
  const kind = await patient.getByTestId('type-choice').first().getAttribute('data-kind');
  const choice = patient.locator(`[data-testid="type-choice"][data-kind="${kind}"]`);
  const dialog = agenda.getByTestId('type-dialog');
  await agenda.locator(`[data-testid="edit-type"][data-kind="${kind}"]`).click();
  const name = await dialog.getByTestId('type-name').inputValue();
  for (const next of [`${name} (révisé)`, name]) {
    if ((await dialog.count()) === 0) await agenda.locator(`[data-testid="edit-type"][data-kind="${kind}"]`).click();
    await dialog.getByTestId('type-name').fill(next);
    await dialog.getByTestId('type-save').click();
    await dialog.waitFor({ state: 'detached' });
    await choice.locator('.name').getByText(next, { exact: true }).waitFor();
  }

  await agenda.getByTestId('add-type').click();
  await dialog.getByTestId('type-save').click();
  await dialog.locator('[aria-invalid="true"]').waitFor();
  await dialog.getByTestId('type-name').fill('Bilan annuel');
  await dialog.getByTestId('type-duration_minutes').fill('60');
  await dialog.getByTestId('type-save').click();
  await dialog.waitFor({ state: 'detached' });
  await patient.getByTestId('type-choice').filter({ hasText: 'Bilan annuel' }).waitFor();
  await agenda.getByTestId('edit-type').filter({ hasText: 'Bilan annuel' }).click();
  await dialog.getByTestId('type-retire').click();
  await sayYes(agenda);
  await dialog.waitFor({ state: 'detached' });
  await agenda.getByTestId('edit-type').filter({ hasText: 'Bilan annuel' }).waitFor({ state: 'detached' });
  await patient.getByTestId('type-choice').filter({ hasText: 'Bilan annuel' }).waitFor({ state: 'detached' });
  assert.deepEqual(await close(), QUIET);
});

test('an exceptional opening is added, changed and removed, and a weekly period too', async () => {
  const { agenda, patient, practitioner, close } = await openSideBySide(browser, demo, binary);
  const { start_ms } = await findFreeSlot(patient);
  // That evening, when nobody is there otherwise.
  const { date } = wallInParis(start_ms);
  const evening = (time) => patient.locator('[data-testid="slot"]', { hasText: time }).filter({ has: patient.locator('.time') });
  const before = await evening('21:').count();
  await openSettings(agenda, practitioner);
  const dialog = agenda.getByTestId('opening-dialog');
  await agenda.getByTestId('add-exception').click();
  await dialog.locator('input[type="date"]').fill(date);
  await dialog.getByTestId('opening-from').fill('21:00');
  await dialog.getByTestId('opening-until').fill('20:00');
  await dialog.getByTestId('opening-save').click();
  await dialog.locator('[aria-invalid="true"]').waitFor();
  await dialog.getByTestId('opening-until').fill('22:00');
  await dialog.getByTestId('opening-save').click();
  await dialog.waitFor({ state: 'detached' });
  const listed = agenda.getByTestId('exception').filter({ hasText: '21:00 – 22:00' });
  await listed.waitFor();
  const column = patient.locator('.column', { has: patient.locator(`[data-start-ms="${start_ms}"]`) });
  const more = column.locator('.more');
  if ((await more.count()) > 0) await more.click();
  await evening('21:').first().waitFor();

  await listed.click();
  await dialog.getByTestId('opening-until').fill('23:00');
  await dialog.getByTestId('opening-save').click();
  await dialog.waitFor({ state: 'detached' });
  await agenda.getByTestId('exception').filter({ hasText: '21:00 – 23:00' }).waitFor();
  await listed.waitFor({ state: 'detached' });
  await agenda.getByTestId('exception').filter({ hasText: '21:00 – 23:00' }).click();
  await dialog.getByTestId('opening-remove').click();
  await sayYes(agenda);
  await dialog.waitFor({ state: 'detached' });
  await patient.waitForFunction(([count]) => [...document.querySelectorAll('[data-testid="slot"]')].filter((one) => one.textContent.includes('21:')).length === count, [before]);

  const rules = await agenda.getByTestId('rule').count();
  await agenda.getByTestId('add-rule').click();
  await dialog.locator('select').first().selectOption('sunday');
  await dialog.getByTestId('opening-from').fill('10:15');
  await dialog.getByTestId('opening-until').fill('11:45');
  await dialog.getByTestId('opening-save').click();
  await dialog.waitFor({ state: 'detached' });
  const sunday = agenda.getByTestId('rule').filter({ hasText: '10:15 – 11:45' });
  await sunday.waitFor();
  assert.equal(await agenda.getByTestId('rule').count(), rules + 1);
  await sunday.click();
  await dialog.getByTestId('opening-remove').click();
  await sayYes(agenda);
  await dialog.waitFor({ state: 'detached' });
  await sunday.waitFor({ state: 'detached' });
  assert.deepEqual(await close(), QUIET);
});
