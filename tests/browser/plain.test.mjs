// Without script: from the live page's address to a booked and cancelled appointment. axe is a script itself: it looks at the
// same pages where scripts may run.
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

const ways = { 'without script': { viewport: PHONE, javaScriptEnabled: false }, 'looked at, phone': { viewport: PHONE }, 'looked at, desktop by night': { viewport: DESKTOP, colorScheme: 'dark' } };
for (const [way, options] of Object.entries(ways)) {
  const scripted = options.javaScriptEnabled ?? true;
  test(`a booking on the pages for who has no script, ${way}`, { timeout: 60_000 }, async (t) => {
    const { context, foreign, errors } = await openContext(browser, demo.base_url, options);
    const page = await context.newPage();
    const seen = (name) => scripted && t.test(name, () => look(page, `${name} ${way}`));
    const address = `${demo.base_url}/p/${demo.practice}/${demo.practitioners[0]}`;
    await page.goto(scripted ? `${address}?simple` : address);
    if (!scripted) await page.locator('noscript a').first().click();
    await page.locator('.slots button').first().waitFor();
    await seen('slots');
    const slot = page.locator('.slots button').last();
    const name = await slot.getAttribute('aria-label');
    await slot.click();
    await page.locator('#given_name').fill(PATIENT.given);
    await page.locator('button.primary').click();
    await page.locator('.mistake').waitFor();
    await seen('form with a mistake');
    assert.equal(await page.locator('#given_name').inputValue(), PATIENT.given);
    await page.locator('#family_name').fill(PATIENT.family);
    await page.locator('#email').fill(PATIENT.email);
    await page.locator('button.primary').click();
    await page.getByRole('heading', { name: 'Votre rendez-vous est pris' }).waitFor();
    assert.equal(await page.locator('.when').textContent(), name);
    await seen('booked');
    await page.getByRole('button', { name: 'Annuler ce rendez-vous' }).click();
    await page.getByRole('heading', { name: 'Votre rendez-vous est annulé' }).waitFor();
    await context.close();
    assert.deepEqual({ foreign, errors: errors.filter((text) => !text.includes('status of 422')) }, { foreign: [], errors: [] });
  });
}
