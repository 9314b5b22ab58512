// The patient register on the practice's screens: found by the keyboard while one types, read, completed, linked; a booking for
// somebody who is known goes on their card; two cards become one and two again. On a desktop and on a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { bookAsStaff, findFreeSlot, openAgenda, openPatientPage, showDay, surroundings, wallInParis } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** A server of its own, a practice signed in at this size, and what neither may have at the end. */
async function scene(viewport) {
  const server = await startDemo(binary);
  const { demo } = server;
  const staff = await openContext(browser, demo.base_url, { viewport });
  const page = await openAgenda(staff.context, demo, binary);
  const close = async () => {
    await staff.context.close();
    await server.stop();
    assert.deepEqual({ foreign: staff.foreign, errors: staff.errors }, { foreign: [], errors: [] });
  };
  return { server, demo, page, close };
}

async function openRegister(page) {
  await page.evaluate(() => history.pushState(null, '', '/agenda'));
  await page.goto(new URL('/agenda/patients', page.url()).href);
  await page.getByTestId('patient-search').waitFor();
}

/** Writes a new card. */
async function add(page, { given, family, phone, born = '', alert = '' }) {
  await page.getByTestId('patient-add').click();
  const dialog = page.getByTestId('patient-dialog');
  await dialog.getByTestId('form-given-name').fill(given);
  await dialog.getByTestId('form-family-name').fill(family);
  await dialog.getByTestId('form-phone').fill(phone);
  await dialog.getByTestId('patient-born').fill(born);
  await dialog.getByTestId('patient-alert-field').fill(alert);
  await dialog.getByTestId('patient-save').click();
  await dialog.waitFor({ state: 'detached' });
  const file = page.getByTestId('patient-file');
  await file.getByText(`${family} ${given}`).first().waitFor();
  return file.getAttribute('data-patient');
}

for (const [name, viewport] of [['desktop', DESKTOP], ['phone', PHONE]]) {
  test(`on a ${name}, a patient is found by the keyboard, read and completed`, { timeout: 240_000 }, async () => {
    const { page, close } = await scene(viewport);
    await openRegister(page);
    await look(page, `${name} empty`);

    await page.getByTestId('patient-add').click();
    const dialog = page.getByTestId('patient-dialog');
    await dialog.getByTestId('patient-born').fill('2190-01-01');
    await dialog.getByTestId('patient-save').click();
    await dialog.locator('[aria-invalid="true"]').first().waitFor();
    assert.equal(await dialog.locator('[aria-invalid="true"]').count(), 3);
    await look(page, `${name} mistakes`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Abandonner' }).click();
    await dialog.waitFor({ state: 'detached' });

    const mother = await add(page, { given: 'Aliénor', family: 'Kerbrat', phone: '06 39 98 77 55', alert: 'Rappeler la veille : oublie ses rendez-vous' });
    const child = await add(page, { given: 'Malo', family: 'Kerbrat', phone: '', born: '2019-05-12' });
    await page.getByTestId('relative-add').click();
    const relative = page.getByTestId('relative-dialog');
    await relative.getByTestId('relative-search').fill('alienor');
    await relative.locator(`[data-patient="${mother}"]`).click();
    await look(page, `${name} relative`);
    await relative.getByTestId('relative-save').click();
    await relative.waitFor({ state: 'detached' });
    await page.getByTestId('relative').getByText('Kerbrat Aliénor').waitFor();
    await look(page, `${name} child`);

    // Back to the search: the slash goes to it, arrows choose, Enter opens.
    await page.getByRole('button', { name: 'Retour à la recherche' }).click();
    const search = page.getByTestId('patient-search');
    await search.waitFor();
    await page.locator('h1').click();
    await page.keyboard.press('/');
    assert.ok(await search.evaluate((field) => field === document.activeElement), 'the slash goes to the search');
    await page.keyboard.type('kerb');
    await page.getByTestId('patient-search-result').nth(1).waitFor();
    assert.equal(await page.getByTestId('patient-search-result').count(), 2);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await look(page, `${name} results`);
    await page.keyboard.press('Enter');
    await page.locator(`[data-testid="patient-file"][data-patient="${mother}"]`).waitFor();
    await page.getByTestId('patient-alert').getByText('oublie').waitFor();
    assert.equal(new URL(page.url()).hash, `#${mother}`, 'an id, no name');
    await look(page, `${name} mother`);

    // By birth date; and what was written is there after a reload.
    await page.getByRole('button', { name: 'Retour à la recherche' }).click();
    await search.fill('12/05/2019');
    await page.locator(`[data-testid="patient-search-result"][data-patient="${child}"]`).click();
    await page.getByTestId('patient-edit').click();
    await page.getByTestId('patient-dialog').getByTestId('patient-alert-field').fill('Vient avec sa mère');
    await page.getByTestId('patient-save').click();
    await page.getByTestId('patient-alert').getByText('Vient avec sa mère').waitFor();
    await page.reload();
    await page.getByTestId('patient-alert').getByText('Vient avec sa mère').waitFor();
    await close();
  });
}

test('a booking for somebody known goes on their card, and two cards become one and two again', { timeout: 240_000 }, async () => {
  const { demo, page, close } = await scene(DESKTOP);
  const visit = await openContext(browser, demo.base_url);
  const patient = await openPatientPage(visit.context, demo);
  const practitioner = (await patient.locator('h1').textContent()).split('–').at(-1).trim();
  const first = await findFreeSlot(patient);
  await showDay(page, first.start_ms);
  const person = { given: 'Noémie', family: 'Jezequel', email: '', phone: '06 39 98 66 44' };
  await bookAsStaff(page, { practitioner, ...first, person });

  // The name is proposed while it is typed; chosen, it fills the form in.
  const second = await findFreeSlot(patient, { skip: new Set([first.start_ms]), after_ms: first.start_ms + 86_400_000 });
  await page.getByTestId('new-booking').click();
  const dialog = page.getByTestId('booking-dialog');
  await dialog.getByTestId('booking-practitioner').selectOption({ label: practitioner });
  await dialog.getByTestId('booking-type').selectOption(second.kind);
  const { date, time } = wallInParis(second.start_ms);
  await dialog.getByTestId('booking-date').fill(date);
  await dialog.getByTestId('booking-time').fill(time);
  await dialog.getByTestId('form-family-name').fill('jezeq');
  await dialog.getByTestId('known-patient').click();
  await dialog.getByTestId('known-chosen').waitFor();
  assert.equal(await dialog.getByTestId('form-given-name').inputValue(), 'Noémie');
  await look(page, 'known patient');
  await dialog.getByTestId('booking-save').click();
  await dialog.waitFor({ state: 'detached' });
  await openRegister(page);
  await page.getByTestId('patient-search').fill('jezequel');
  await page.getByTestId('patient-search-result').click();
  await page.getByTestId('patient-booking').nth(1).waitFor();
  assert.equal(await page.getByTestId('patient-booking').count(), 2);
  await page.getByTestId('patient-unwritten').waitFor();
  await look(page, 'history');

  const other = await add(page, { given: 'Noemie', family: 'Jézéquel', phone: '06 39 98 66 44' });
  await page.getByTestId('duplicates').click();
  const pair = page.getByTestId('pair').filter({ hasText: 'Jézéquel' });
  await pair.waitFor();
  await look(page, 'duplicates');
  await pair.getByRole('button', { name: 'Garder Jézéquel Noemie' }).click();
  await pair.waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  const file = page.locator(`[data-testid="patient-file"][data-patient="${other}"]`);
  await file.getByTestId('patient-booking').nth(1).waitFor();
  await file.getByTestId('merged').waitFor();
  await page.locator(`[data-testid="patient-search-result"][data-patient="${other}"]`).waitFor();
  // The list beside it follows.
  await page.getByTestId('patient-search-result').filter({ hasText: 'Jezequel Noémie' }).waitFor({ state: 'detached' });
  await look(page, 'merged');
  await file.getByTestId('part').click();
  await file.getByTestId('merged').waitFor({ state: 'detached' });
  assert.equal(await file.getByTestId('patient-booking').count(), 0);
  await visit.context.close();
  await close();
});
