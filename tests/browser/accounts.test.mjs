// Accounts in the browser, against a demo that lets nobody in by a link alone: made on a phone with an application of
// codes, signed in to on a desk, cared for, and a secretary invited and removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, activate, codeOf, freshCode } from './account.mjs';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { surroundings, waitForState } from './screens.mjs';
import { staffLink, startDemo } from './server.mjs';

const { binary } = surroundings();
const EMAIL = 'claire.morel@tilleuls.example';
let browser;
let server;
let demo;
/** The owner's account, once made. */
const owner = { secret: '', codes: [], usedStep: 0 };

before(async () => {
  browser = await launch();
  server = await startDemo(binary, { args: ['--accounts'] });
  demo = server.demo;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function signIn(page, account, email = EMAIL) {
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('code').fill(await freshCode(account));
  await waitForState(page, 'live');
}

/** Refusals that a test has caused on purpose, and nothing else. */
function onlyRefusals({ foreign, errors }, statuses) {
  assert.deepEqual(foreign, []);
  const others = errors.filter((text) => !statuses.some((status) => text.includes(`status of ${status}`)));
  assert.deepEqual(others, []);
}

test('on a phone, a link makes an account with an application of codes', async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(demo.staff_link);
  await page.getByTestId('activate').waitFor();
  assert.equal(new URL(page.url()).hash, '', 'the secret left the address bar');
  await look(page, 'phone activation');
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('password').fill('motdepasse123');
  await page.getByTestId('activate').click();
  await page.getByTestId('activation-problem').waitFor();
  await look(page, 'phone weak password');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('activate').click();
  await page.getByTestId('first-code').waitFor();
  owner.secret = await page.getByTestId('secret').getAttribute('data-secret');
  await look(page, 'phone application');
  await page.getByTestId('first-code').fill('12 34');
  await page.getByTestId('first-code').fill(await freshCode(owner));
  await page.getByTestId('recovery-codes').waitFor();
  owner.codes = await page.getByTestId('recovery-codes').locator('code').allTextContents();
  assert.equal(new Set(owner.codes).size, 10);
  assert.ok(await page.getByTestId('codes-next').isDisabled());
  await look(page, 'phone recovery codes');
  await page.getByTestId('kept').check();
  await page.getByTestId('codes-next').click();
  await waitForState(page, 'live');
  // The link is used up.
  await page.goto(demo.staff_link);
  await waitForState(page, 'live');
  onlyRefusals(visit, [401, 422]);
  await visit.context.close();
});

test('at a desk, address and password, then a code; what is wrong is said', async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const page = await visit.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await page.getByTestId('sign-in').waitFor();
  await look(page, 'desktop sign-in');
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('password').fill('girafe tranquille');
  await page.getByTestId('sign-in').click();
  await page.getByTestId('sign-in-problem').waitFor();
  await look(page, 'desktop wrong password');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('code').waitFor();
  await look(page, 'desktop second step');
  await page.getByTestId('code').fill(codeOf(owner.secret, 1));
  await page.getByTestId('sign-in-problem').waitFor();
  await page.getByTestId('code').fill(await freshCode(owner));
  await waitForState(page, 'live');
  await page.getByRole('button', { name: 'Se déconnecter' }).click();
  await page.getByTestId('sign-in').waitFor();
  onlyRefusals(visit, [401]);
  await visit.context.close();
});

test('a recovery code lets in once', async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  for (const good of [true, false]) {
    await page.getByTestId('email').fill(EMAIL);
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('sign-in').click();
    await page.getByTestId('other-factor').click();
    await page.getByTestId('recovery-code').fill(owner.codes[0].toUpperCase());
    await page.getByTestId('verify').click();
    if (good) {
      await waitForState(page, 'live');
      await page.getByRole('button', { name: 'Se déconnecter' }).click();
    } else {
      await page.getByTestId('sign-in-problem').waitFor();
    }
  }
  onlyRefusals(visit, [401]);
  await visit.context.close();
});

test('a session ended from another device falls to the door at once', async () => {
  const here = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const there = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await here.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await signIn(page, owner);
  const other = await there.context.newPage();
  await other.goto(`${demo.base_url}/agenda`);
  await signIn(other, owner);
  await page.locator('a[href="/agenda/securite"]:visible').click();
  await page.getByTestId('end-session').first().waitFor();
  await look(page, 'desktop security');
  await page.getByTestId('end-others').click();
  await other.getByTestId('sign-in').waitFor();
  await look(other, 'phone ended');
  await page.getByTestId('end-session').first().waitFor({ state: 'detached' });
  await page.goto(`${demo.base_url}/agenda/securite`);
  await page.getByTestId('session').first().waitFor();
  await page.setViewportSize(PHONE);
  await look(page, 'phone security');
  onlyRefusals(here, [401]);
  onlyRefusals(there, [401]);
  await here.context.close();
  await there.context.close();
});

test('a secretary invited for times alone sees no names, and is out when removed', async () => {
  const here = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const page = await here.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await signIn(page, owner);
  await page.locator('a[href="/agenda/equipe"]:visible').click();
  await page.getByTestId('invite').click();
  const dialog = page.getByTestId('membership');
  for (const level of await dialog.getByTestId('level').all()) await level.selectOption('times');
  await look(page, 'desktop invitation');
  await dialog.getByTestId('membership-send').click();
  await page.getByTestId('link').waitFor();
  await look(page, 'desktop link');
  const link = await page.getByTestId('link').textContent();
  await page.keyboard.press('Escape');

  const there = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const secretary = await there.context.newPage();
  await secretary.goto(link);
  await secretary.getByTestId('name').waitFor();
  await look(secretary, 'desktop join');
  await activate(secretary, { secret: '', usedStep: 0 }, { email: 'zoe@tilleuls.example', name: 'Zoé Lambert' });
  await secretary.locator('[data-view="day"] .ec, [data-view="week"] .ec').first().waitFor();
  await secretary.getByTestId('view-week').click();
  await secretary.locator('[data-view="week"] [data-testid="booking"]').first().waitFor();
  await look(secretary, 'desktop times only');
  await secretary.locator('a[href="/agenda/equipe"]:visible').click();
  await secretary.getByTestId('member').first().waitFor();
  assert.equal(await secretary.getByTestId('change-member').count(), 0);

  await page.reload();
  const zoe = page.locator('[data-testid="member"][data-name="Zoé Lambert"]');
  await zoe.waitFor();
  await look(page, 'desktop team');
  await zoe.getByTestId('change-member').click();
  await page.getByTestId('remove-member').click();
  await page.getByTestId('question-yes').click();
  await secretary.getByTestId('sign-in').waitFor();
  await zoe.waitFor({ state: 'detached' });
  onlyRefusals(here, [401]);
  onlyRefusals(there, [401]);
  await here.context.close();
  await there.context.close();
});

test('in an emergency a colleague opens an agenda with a reason; the owner sees it at once and ends it', async () => {
  const here = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const page = await here.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await signIn(page, owner);
  await page.locator('a[href="/agenda/equipe"]:visible').click();
  await page.getByTestId('invite').click();
  const dialog = page.getByTestId('membership');
  await dialog.getByTestId('role').selectOption('practitioner');
  for (const level of await dialog.getByTestId('level').all()) await level.selectOption('times');
  await dialog.getByTestId('membership-send').click();
  const link = await page.getByTestId('link').textContent();
  await page.keyboard.press('Escape');

  const there = await openContext(browser, demo.base_url, { viewport: PHONE });
  const colleague = await there.context.newPage();
  await colleague.goto(link);
  await activate(colleague, { secret: '', usedStep: 0 }, { email: 'marc@tilleuls.example', name: 'Marc Dupuis' });
  // A day alone is empty on weekends.
  await colleague.getByTestId('view-week').click();
  await colleague.getByTestId('break-glass').first().click();
  await colleague.getByTestId('glass-reason').fill('Malaise en salle d’attente');
  await look(colleague, 'phone emergency');
  await colleague.getByTestId('glass-send').click();
  await colleague.getByTestId('glass').waitFor();
  await colleague.locator('[data-testid="booking"]:not(:has-text("Occupé"))').first().waitFor();
  await look(colleague, 'phone emergency open');
  await page.getByTestId('glass').getByText('Marc Dupuis').waitFor();
  await look(page, 'desktop owner told');
  await page.getByTestId('glass-end').click();
  await page.getByTestId('glass').waitFor({ state: 'detached' });
  await colleague.getByTestId('glass').waitFor({ state: 'detached' });
  await colleague.locator('[data-testid="booking"]:has-text("Occupé")').first().waitFor();
  assert.equal(await colleague.locator('[data-testid="booking"]:not(:has-text("Occupé"))').count(), 0);
  onlyRefusals(here, [401]);
  onlyRefusals(there, [401]);
  await here.context.close();
  await there.context.close();
});

test('what is strong asks for a code again once ten minutes have passed', async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await signIn(page, owner);
  await page.goto(`${demo.base_url}/agenda/securite`);
  // The server's clock cannot be moved from here: its answer is, once, what it gives after ten minutes.
  let first = true;
  await page.route('**/api/v1/account/recovery-codes', (route) => {
    if (!first) return route.continue();
    first = false;
    const problem = { type: 'urn:cabinet:problem:step_up_required', code: 'step_up_required', title: '', status: 401, detail: null, at_ms: null };
    return route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  });
  await page.getByTestId('renew-codes').click();
  await page.getByTestId('question-yes').click();
  await page.getByTestId('step-up-code').waitFor();
  await look(page, 'phone step-up');
  await page.getByTestId('step-up-code').fill(await freshCode(owner));
  await page.getByTestId('codes-dialog').waitFor();
  const codes = await page.getByTestId('recovery-codes').locator('code').allTextContents();
  assert.ok(!codes.includes(owner.codes[1]));
  await page.getByTestId('kept').check();
  await page.getByTestId('codes-next').click();
  onlyRefusals(visit, [401]);
  await visit.context.close();
});

test('a link for somebody with an account changes the password, with a code', async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(await staffLink(binary, demo));
  await page.getByTestId('reset').waitFor();
  await look(page, 'phone reset');
  await page.getByTestId('password').fill('parapluie violet au sommet');
  await page.getByTestId('code').fill(await freshCode(owner));
  await page.getByTestId('reset').click();
  await waitForState(page, 'live');
  onlyRefusals(visit, []);
  await visit.context.close();
});

test('a practice signs up on a phone: three boxes, doubts that can be corrected, a page that takes bookings', async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await page.getByRole('link', { name: 'Créer un compte' }).click();
  await page.getByTestId('sign-up').waitFor();
  for (const box of ['terms', 'processing', 'policy']) assert.equal(await page.getByTestId(box).isChecked(), false);
  await look(page, 'phone sign-up');
  const [document] = await Promise.all([visit.context.waitForEvent('page'), page.getByRole('link', { name: /contrat de sous-traitance/ }).click()]);
  await document.getByText('Instructions.').waitFor();
  await look(document, 'phone processing contract');
  await document.close();
  const words = {
    name: 'Nour El Amrani', profession: 'Ostéopathe', practice: 'Cabinet du Port', address: '3 quai du Port, 35400 Saint-Malo', phone: '01 99 00 00 31',
    email: 'nour@port.example', password: PASSWORD,
  };
  for (const [field, text] of Object.entries(words)) await page.getByTestId(field).fill(text);
  await page.getByText('Identifiants professionnels').click();
  await page.getByTestId('siren').fill('732829321');
  await page.getByTestId('terms').check();
  await page.getByTestId('sign-up').click();
  assert.ok(await page.getByTestId('processing').evaluate((box) => box.matches(':invalid')), 'no account without the processing contract');
  await page.getByTestId('processing').check();
  await page.getByTestId('sign-up').click();
  await page.getByTestId('doubts').waitFor();
  await look(page, 'phone sign-up doubts');
  await page.getByTestId('correct').click();
  assert.equal(await page.getByTestId('practice').inputValue(), words.practice, 'nothing that was typed is lost');
  await page.getByText('Identifiants professionnels').click();
  await page.getByTestId('siren').fill('732829320');
  await page.getByTestId('sign-up').click();
  await page.getByTestId('first-code').waitFor();
  assert.equal(await page.getByTestId('doubts').count(), 0);
  const nour = { secret: await page.getByTestId('secret').getAttribute('data-secret'), usedStep: 0 };
  await page.getByTestId('first-code').fill(await freshCode(nour));
  await page.getByTestId('kept').check();
  await page.getByTestId('codes-next').click();
  await waitForState(page, 'live');
  await page.getByTestId('unopened').waitFor();
  await look(page, 'phone new agenda');
  await page.getByTestId('unopened').getByRole('link').click();
  await page.getByTestId('add-rule').click();
  await page.getByTestId('opening-dialog').getByTestId('opening-save').click();
  await page.getByTestId('rule').first().waitFor();
  await page.goto(`${demo.base_url}/p/cabinet-du-port/nour-el-amrani`);
  await page.getByTestId('slot').first().waitFor();
  await look(page, 'phone new public page');
  onlyRefusals(visit, [401]);
  await visit.context.close();
});
