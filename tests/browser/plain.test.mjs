// Without script: from the live page's address to a booked and cancelled appointment, at a phone's and a desk's size.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { PATIENT, surroundings } from './screens.mjs';

const { demo } = surroundings();
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

for (const [size, options] of Object.entries({ phone: { viewport: PHONE }, 'desktop by night': { viewport: DESKTOP, colorScheme: 'dark' } })) {
  test(`a booking without script, ${size}`, { timeout: 120_000 }, async (t) => {
    const { context, foreign, errors } = await openContext(browser, demo.base_url, { ...options, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${demo.base_url}/p/${demo.practice}/${demo.practitioners[0]}`);
    await page.locator('noscript a').first().click();
    await page.locator('.slots button').first().waitFor();
    await t.test('slots', () => look(page, `slots ${size}`));
    const slot = page.locator('.slots button').last();
    const name = await slot.getAttribute('aria-label');
    await slot.click();
    await page.locator('#given_name').fill(PATIENT.given);
    await page.locator('button.primary').click();
    await page.locator('.mistake').waitFor();
    await t.test('form with a mistake', () => look(page, `form ${size}`));
    assert.equal(await page.locator('#given_name').inputValue(), PATIENT.given);
    await page.locator('#family_name').fill(PATIENT.family);
    await page.locator('#email').fill(PATIENT.email);
    await page.locator('button.primary').click();
    await page.getByRole('heading', { name: 'Votre rendez-vous est pris' }).waitFor();
    assert.equal(await page.locator('.when').textContent(), name);
    await t.test('booked', () => look(page, `booked ${size}`));
    await page.getByRole('button', { name: 'Annuler ce rendez-vous' }).click();
    await page.getByRole('heading', { name: 'Votre rendez-vous est annulé' }).waitFor();
    await context.close();
    assert.deepEqual({ foreign, errors: errors.filter((text) => !text.includes('status of 422')) }, { foreign: [], errors: [] });
  });
}
