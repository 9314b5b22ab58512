// The platform's support: let in by an owner on a phone, told live on a colleague's screen, shown an agenda at the operators'
// door, and shut out at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { activate, freshCode, makeAccount } from './account.mjs';
import { DESKTOP, launch, openContext, PHONE } from './browser.mjs';
import { look } from './look.mjs';
import { surroundings, waitForState } from './screens.mjs';
import { startDemo, teamLink } from './server.mjs';

const { binary } = surroundings();
const REASON = 'L’agenda de demain reste vide depuis ce matin';
const WEEKS_MAX = 8;
const claire = { secret: '', codes: [], usedStep: 0 };
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

/** Answers the question for the second factor where it is asked again: shortly after signing in it is not. */
async function stepUp(page, account, done) {
  const asked = page.getByTestId('step-up-code');
  await asked.or(done).first().waitFor();
  if (await asked.isVisible()) await asked.fill(await freshCode(account));
  await done.waitFor();
}

/** Turns to the first week, this one or a later one, in which somebody is booked. */
async function bookedWeek(page) {
  const week = page.getByTestId('support-week');
  for (let turned = 0; turned < WEEKS_MAX; turned += 1) {
    await week.and(page.locator('[aria-busy="false"]')).waitFor();
    if ((await page.getByTestId('support-booking').count()) > 0) return;
    const monday = await week.getAttribute('data-monday');
    await page.getByTestId('support-after').click();
    await page.locator(`[data-testid="support-week"][aria-busy="false"]:not([data-monday="${monday}"])`).waitFor();
  }
  assert.fail('nobody is booked in the demo');
}

/** A colleague's screen: invited by the owner, without any agenda of their own. */
async function colleague(owner, visit) {
  await owner.goto(`${demo.base_url}/agenda/equipe`);
  await owner.getByTestId('invite').click();
  await owner.getByTestId('membership-send').click();
  await stepUp(owner, claire, owner.getByTestId('link'));
  const link = await owner.getByTestId('link').innerText();
  await owner.getByTestId('link-dialog').getByRole('button', { name: 'Fermer' }).last().click();
  const page = await visit.context.newPage();
  await page.goto(link);
  await activate(page, { secret: '', codes: [], usedStep: 0 }, { name: 'Léo Marchand', email: 'leo.marchand@tilleuls.example' });
  return page;
}

test('an owner lets support look in and shuts the door again', { timeout: 180_000 }, async () => {
  const [phone, desk, ops] = await Promise.all([
    openContext(browser, demo.base_url, { viewport: PHONE }),
    openContext(browser, demo.base_url, { viewport: DESKTOP }),
    openContext(browser, demo.ops_url, { viewport: DESKTOP }),
  ]);
  const owner = await phone.context.newPage();
  await owner.goto(demo.staff_link);
  await activate(owner, claire, { email: 'claire.morel@tilleuls.example' });
  const watching = await colleague(owner, desk);

  const support = await ops.context.newPage();
  await support.goto(await teamLink(binary, demo, 'Sam Oury', 'support'));
  await makeAccount(support, { secret: '', codes: [], usedStep: 0 }, { email: 'sam.oury@plateforme.example' });
  await support.getByTestId('support-none').waitFor();
  await look(support, 'desktop support nothing granted');

  await owner.goto(`${demo.base_url}/agenda/equipe`);
  await waitForState(owner, 'live');
  await owner.getByTestId('support-open').click();
  await owner.getByTestId('support-level').selectOption('full');
  await owner.getByTestId('support-reason').fill(REASON);
  await look(owner, 'phone support dialog');
  await owner.getByTestId('support-send').click();
  await stepUp(owner, claire, owner.getByTestId('support-grant'));
  await look(owner, 'phone support granted');

  const banner = watching.getByTestId('support');
  await banner.waitFor();
  assert.match(await banner.innerText(), /Sam Oury.*les noms[\s\S]*L’agenda de demain/);
  assert.equal(await watching.getByTestId('support-end').count(), 0, 'owners alone end it');
  await look(watching, 'desktop colleague support banner');

  await support.getByTestId('support-agenda').first().waitFor();
  await look(support, 'desktop support practices');
  const looked = support.waitForRequest(/\/team\/support\/[0-9a-f]{32}\/agendas\//);
  await support.getByTestId('support-agenda').first().click();
  const path = new URL((await looked).url());
  await bookedWeek(support);
  assert.match(await support.getByTestId('support-sees').innerText(), /L’agenda de demain.*consigné/s);
  await look(support, 'desktop support week');

  // The log names who looked.
  await owner.goto(`${demo.base_url}/agenda/journal`);
  const leaf = owner.locator('[data-testid="leaf"][data-act="agenda.opened"]').filter({ hasText: 'Assistance (Sam Oury) :' });
  await leaf.first().waitFor();
  await look(owner, 'phone log with support');

  await owner.getByTestId('support-end').click();
  await banner.waitFor({ state: 'detached' });
  await support.getByTestId('support-over').waitFor();
  assert.equal(await support.getByTestId('support-booking').count(), 0, 'what was seen has left the screen');
  const status = await support.evaluate(async (again) => (await fetch(again)).status, path.pathname + path.search);
  assert.equal(status, 404, 'the next look is refused');
  await look(support, 'desktop support over');
  await support.setViewportSize(PHONE);
  await look(support, 'phone support over');
  for (const { foreign } of [phone, desk, ops]) assert.deepEqual(foreign, []);
  for (const { context } of [phone, desk, ops]) await context.close();
});
