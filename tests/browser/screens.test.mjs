// Every screen at a phone's and a desk's size: nothing that axe calls a violation of WCAG level A or AA, no request to
// elsewhere, no error in the console, nothing that scrolls sideways. The screens are walked once per size, and once by night.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { EXCEPTIONS, look } from './look.mjs';
import { confirmBooking, fillPerson, openAgenda, openPatientPage, surroundings } from './screens.mjs';

const { demo, binary } = surroundings();
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

test('at most one exception, and it has its reason', () => {
  assert.ok(EXCEPTIONS.length <= 1);
  for (const { rule, selector, reason } of EXCEPTIONS) assert.ok(rule && selector && reason);
});

for (const [size, options] of Object.entries({ phone: { viewport: PHONE }, desktop: { viewport: DESKTOP }, 'phone by night': { viewport: PHONE, colorScheme: 'dark' } })) {
  test(`patients' screens, ${size}`, async (t) => {
    const visit = await openContext(browser, demo.base_url, options);
    const page = await openPatientPage(visit.context, demo);
    await t.test('slots', () => look(page));
    await page.getByTestId('slot').last().click();
    await page.getByTestId('hold-countdown').waitFor();
    await t.test('hold and form', () => look(page));
    await page.getByTestId('form-confirm').click();
    await page.locator('[aria-invalid="true"]').first().waitFor();
    await t.test('form with mistakes', () => look(page));
    await fillPerson(page);
    await confirmBooking(page);
    await t.test('confirmation', () => look(page));
    await page.getByTestId('manage-link').click();
    await page.getByTestId('cancel-booking').or(page.locator('.note.warn')).waitFor();
    await t.test('manage page', () => look(page));
    await page.goto(`${demo.base_url}/mentions-legales`);
    await page.locator('main h1').waitFor();
    await t.test('mentions légales', () => look(page));
    await page.goto(`${demo.base_url}/p/${demo.practice}`);
    await page.locator(`a[href="/p/${demo.practice}/${demo.practitioners[0]}"]`).waitFor();
    await t.test('practice page', () => look(page, `practice ${size}`));
    await end(visit);
  });
}

for (const [size, options] of Object.entries({ phone: { viewport: PHONE }, desktop: { viewport: DESKTOP }, 'desktop by night': { viewport: DESKTOP, colorScheme: 'dark' } })) {
  test(`staff's screens, ${size}`, async (t) => {
    const visit = await openContext(browser, demo.base_url, options);
    const door = await visit.context.newPage();
    await door.goto(`${demo.base_url}/agenda`);
    await door.locator('main h1:not([role])').waitFor();
    await t.test('sign-in page', () => look(door));
    await door.close();
    const refused = visit.errors.splice(0);
    assert.ok(refused.every((text) => text.includes('status of 401')), refused.join('\n'));

    const page = await openAgenda(visit.context, demo, binary);
    await page.getByTestId('view-day').click();
    await page.locator('[data-view="day"] .ec').waitFor();
    await t.test('agenda, day', () => look(page));
    await page.getByTestId('view-week').click();
    await page.locator('[data-view="week"] [data-testid="booking"]').first().waitFor();
    await t.test('agenda, week', () => look(page));
    await page.locator('[data-view="week"] [data-testid="booking"]').first().click();
    await page.getByTestId('booking-card').waitFor();
    await t.test('a booking', () => look(page));
    await page.keyboard.press('Escape');
    await page.getByTestId('booking-card').waitFor({ state: 'detached' });
    await page.getByTestId('new-booking').click();
    await page.getByTestId('booking-dialog').waitFor();
    await t.test('new booking', () => look(page));
    await page.keyboard.press('Escape');
    await page.getByTestId('booking-dialog').waitFor({ state: 'detached' });
    await page.locator('a[href="/agenda/reglages"]:visible').click();
    await page.getByTestId('rule').first().waitFor();
    await t.test('settings', () => look(page));
    await page.locator('a[href="/agenda/equipe"]:visible').click();
    await page.getByTestId('member').first().waitFor();
    await t.test('team', () => look(page, `team ${size}`));
    await end(visit);
  });
}

test('day or night is as the device says, until chosen otherwise in this browser', async () => {
  const visit = await openContext(browser, demo.base_url, { colorScheme: 'dark' });
  const page = await openPatientPage(visit.context, demo);
  const shows = (theme) => page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
  await shows('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await shows('light');
  await page.getByTestId('theme').click();
  await shows('dark');
  assert.equal(await page.getByTestId('theme').getAttribute('aria-pressed'), 'true');
  await page.reload();
  await page.getByTestId('theme').waitFor();
  await shows('dark');
  await page.getByTestId('theme').click();
  await shows('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  // Who chose what the device says follows it again.
  await shows('dark');
  await end(visit);
});

async function end({ context, foreign, errors }) {
  await context.close();
  assert.deepEqual({ foreign, errors }, { foreign: [], errors: [] });
}
