// The page of the platform's team, against a demo that asks for accounts: an alert appears live and is acknowledged, a session is
// ended and its screen closes, roles see what is theirs, a phone shows all of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, activate, freshCode, makeAccount } from './account.mjs';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { surroundings } from './screens.mjs';
import { startDemo, teamLink } from './server.mjs';

const { binary } = surroundings();
const EMAIL = 'camille.astruc@plateforme.example';
const camille = { secret: '', codes: [], usedStep: 0 };
let browser;
let server;
let demo;

before(async () => {
  browser = await launch();
  server = await startDemo(binary, { args: ['--accounts'] });
  demo = server.demo;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** One password for many addresses, as a thief tries them. */
const spray = (page) => page.evaluate(async () => {
  for (let number = 0; number < 20; number += 1) {
    const body = JSON.stringify({ email: `nom${number}@cabinet.example`, password: 'Printemps2026' });
    await fetch('/api/v1/account/sign-in', { method: 'POST', headers: { 'content-type': 'application/json', 'x-cabinet': '1' }, body });
  }
});

test('an alert appears live, is acknowledged, and the blocked network let go', { timeout: 180_000 }, async () => {
  const visit = await openContext(browser, demo.ops_url, { viewport: DESKTOP });
  const page = await visit.context.newPage();
  await page.goto(demo.team_link);
  await look(page, 'desktop team activation');
  await makeAccount(page, camille, { email: EMAIL });
  await page.getByTestId('tiles').waitFor();
  await page.getByTestId('ops-no-alerts').waitFor();
  await look(page, 'desktop operators quiet');
  await spray(page);
  const alert = page.locator('[data-testid="ops-alert"][data-rule="password_spray"]');
  await alert.waitFor();
  assert.match(await page.title(), /^\(\d+\) /, 'told in the tab as well');
  await look(page, 'desktop operators alert');
  await alert.getByTestId('ops-acknowledge').click();
  await alert.getByTestId('ops-send').click();
  assert.equal(await page.getByTestId('ops-answer').count(), 0, 'a reason is asked for');
  await alert.getByTestId('ops-reason').fill('Essai de la maison, vérifié');
  await alert.getByTestId('ops-send').click();
  await page.locator('summary').first().click();
  await page.getByTestId('ops-answer').first().waitFor();
  assert.match(await page.getByTestId('ops-answer').first().innerText(), /Camille Astruc.*Essai de la maison/);
  const held = page.getByTestId('held').first();
  await held.getByTestId('let-go').click();
  await page.getByTestId('held').first().waitFor({ state: 'detached' });
  assert.deepEqual(visit.foreign, []);
  await visit.context.close();
});

test('a session ended here closes its screen there', { timeout: 180_000 }, async () => {
  const practice = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const agenda = await practice.context.newPage();
  await agenda.goto(demo.staff_link);
  await activate(agenda, { secret: '', codes: [], usedStep: 0 }, { email: 'claire.morel@tilleuls.example' });
  const visit = await openContext(browser, demo.ops_url, { viewport: DESKTOP });
  const page = await visit.context.newPage();
  await page.goto(demo.ops_url);
  assert.equal(await page.getByTestId('forgotten').count(), 0, 'colleagues hand out links at the console');
  await look(page, 'desktop team sign-in');
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('code').fill(await freshCode(camille));
  await page.getByTestId('tiles').waitFor();
  const theirs = page.getByTestId('ops-session').filter({ hasText: /cabinet [0-9a-f]{8}/ });
  await theirs.first().waitFor();
  assert.equal(await theirs.count(), 1);
  assert.doesNotMatch(await page.locator('main').innerText(), /Tilleuls|Morel/, 'no name of a practice or of its people');
  await look(page, 'desktop operators sessions');
  await theirs.getByTestId('ops-end-session').click();
  await agenda.getByTestId('sign-in').waitFor();
  await page.getByTestId('sign-out').click();
  await page.getByTestId('sign-in').waitFor();
  for (const { context } of [practice, visit]) await context.close();
});

test('the data protection officer sees logs and alerts, a phone all of it', { timeout: 180_000 }, async () => {
  const officer = { secret: '', codes: [], usedStep: 0 };
  const visit = await openContext(browser, demo.ops_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(await teamLink(binary, demo, 'Dominique Faure', 'dpo'));
  await makeAccount(page, officer, { email: 'dominique.faure@plateforme.example' });
  await page.getByTestId('compliance').waitFor();
  await look(page, 'phone data protection officer');
  assert.equal(await page.getByTestId('ops-acknowledge').count(), 0);
  const status = await page.evaluate(async () => (await fetch('/api/v1/ops/overview')).status);
  assert.equal(status, 403);
  await page.getByTestId('sign-out').click();
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('code').fill(await freshCode(camille));
  await page.getByTestId('tiles').waitFor();
  await look(page, 'phone operators');
  assert.deepEqual(visit.foreign, []);
  await visit.context.close();
});
