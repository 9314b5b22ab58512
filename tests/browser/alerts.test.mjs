// Alerts of suspicious access in the browser: one appears live on the owner's page, and is answered there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { openAgenda, surroundings } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
let browser;
let server;
let demo;

before(async () => {
  browser = await launch();
  server = await startDemo(binary);
  demo = server.demo;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function agenda(viewport) {
  const visit = await openContext(browser, demo.base_url, { viewport });
  return { ...visit, page: await openAgenda(visit.context, demo, binary) };
}

/** Opens a year of every agenda's past, as a script in a signed-in page would. Answers how many agendas that was. */
const rummage = (page) => page.evaluate(async () => {
  const me = await (await fetch('/api/v1/staff/me')).json();
  const minute = Math.floor(me.now_ms / 60_000) * 60_000;
  const day = 86_400_000;
  const agendas = me.practice.practitioners.map((one) => one.agenda);
  for (const agenda of agendas) {
    const answer = await fetch(`/api/v1/staff/agendas/${agenda}?from_ms=${minute - 399 * day}&until_ms=${minute - 30 * day}`);
    if (answer.status !== 200 && answer.status !== 429) throw new Error(`status ${answer.status}`);
  }
  return agendas.length;
});

test('an alert appears live, is counted in the header, and is answered', async () => {
  const { context, page, foreign, errors } = await agenda(DESKTOP);
  await page.getByTestId('nav-alerts').click();
  await page.getByTestId('no-alerts').waitFor();
  await look(page, 'desktop no alerts');
  const other = await agenda(DESKTOP);
  assert.ok((await rummage(other.page)) > 1);
  await other.context.close();
  const bulk = page.locator('[data-testid="alert"][data-rule="bulk_viewing"]');
  await bulk.waitFor();
  assert.equal(await bulk.getAttribute('data-gravity'), 'critical');
  await page.getByTestId('alerts-badge').waitFor();
  await look(page, 'desktop alerts');
  await bulk.getByTestId('alert-handle').click();
  await bulk.getByTestId('alert-send').click();
  assert.equal(await page.getByTestId('alert-answer').count(), 0, 'a reason is asked for');
  await bulk.getByTestId('alert-reason').fill('Recherche demandée par l’assurance, vérifiée avec Claire');
  await bulk.getByTestId('alert-send').click();
  await bulk.getByTestId('alert-answer').waitFor();
  await page.getByTestId('alerts-badge').waitFor({ state: 'detached' });
  await page.locator('[data-rule="unexplained_access"]').getByTestId('alert-mine').click();
  await page.locator('[data-rule="unexplained_access"]').getByTestId('alert-answer').waitFor();
  await look(page, 'desktop alerts answered');
  await context.close();
  assert.deepEqual([foreign, errors], [[], []]);
});

test('on a phone, what was answered stands below', async () => {
  const { context, page, foreign, errors } = await agenda(PHONE);
  await page.goto(`${demo.base_url}/agenda/alertes`);
  await page.getByTestId('alert-answer').first().waitFor();
  await look(page, 'phone alerts');
  await context.close();
  assert.deepEqual([foreign, errors], [[], []]);
});
