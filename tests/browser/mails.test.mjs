// Mails in the browser, against a demo that asks for accounts: a forgotten password and an invitation arrive on the demo's page
// of mails, and their links do what they say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, activate, freshCode } from './account.mjs';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { surroundings, waitForState } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
const EMAIL = 'claire.morel@tilleuls.example';
const OTHER_PASSWORD = 'un hibou calme dans le noyer';
const owner = { secret: '', codes: [], usedStep: 0 };
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

/** The demo's page of mails, once one with this subject is there; and that mail. */
async function mail(context, subject) {
  const page = await context.newPage();
  const article = page.locator('article', { hasText: subject });
  for (;;) {
    await page.goto(`${demo.ops_url}/mails`);
    if ((await article.count()) > 0) return { page, article: article.first() };
  }
}

async function reader(viewport) {
  const visit = await openContext(browser, demo.ops_url, { viewport, guarded: false });
  return visit.context;
}

/** The owner's agenda, signed in to with the password that the mail has brought about. */
async function signedIn(context) {
  const page = await context.newPage();
  await page.goto(`${demo.base_url}/agenda`);
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('password').fill(OTHER_PASSWORD);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('code').fill(await freshCode(owner));
  await waitForState(page, 'live');
  return page;
}

test('a forgotten password: asked for on a phone, the mail read, another password chosen', { timeout: 120_000 }, async () => {
  const inbox = await reader(PHONE);
  const empty = await inbox.newPage();
  await empty.goto(`${demo.ops_url}/mails`);
  await look(empty, 'phone no mails');
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(demo.staff_link);
  await activate(page, owner, { email: EMAIL });
  await page.evaluate(() => fetch('/api/v1/staff/sign-out', { method: 'POST', headers: { 'x-cabinet': '1' } }));
  await page.goto(`${demo.base_url}/agenda`);
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('forgotten').click();
  await look(page, 'phone forgotten password');
  assert.equal(await page.getByTestId('forgotten-email').inputValue(), EMAIL, 'what was typed goes along');
  await page.getByTestId('forgotten-send').click();
  await page.getByTestId('forgotten-asked').waitFor();
  await look(page, 'phone link asked for');
  const { page: mails, article } = await mail(inbox, 'Choisir un nouveau mot de passe');
  await look(mails, 'phone mail with a link');
  const link = await article.locator('a[href*="#link="]').getAttribute('href');
  await page.goto(link);
  await page.getByTestId('reset').waitFor();
  await page.getByTestId('password').fill(OTHER_PASSWORD);
  await page.getByTestId('code').fill(await freshCode(owner));
  await page.getByTestId('reset').click();
  await waitForState(page, 'live');
  assert.notEqual(PASSWORD, OTHER_PASSWORD);
  await mail(inbox, 'Votre mot de passe a été changé');
  assert.deepEqual(visit.foreign, []);
  await visit.context.close();
  await inbox.close();
});

test('an invitation by mail opens the way into the practice', { timeout: 120_000 }, async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const page = await signedIn(visit.context);
  await page.goto(`${demo.base_url}/agenda/equipe`);
  await page.getByTestId('invite').click();
  await page.getByTestId('invite-email').fill('lea.petit@tilleuls.example');
  await look(page, 'desktop invitation by mail');
  await page.getByTestId('membership-send').click();
  await page.getByTestId('link-mailed').waitFor();
  await look(page, 'desktop invitation mailed');
  const inbox = await reader(DESKTOP);
  const { page: mails, article } = await mail(inbox, 'vous invite à rejoindre');
  assert.match(await article.innerText(), /lea\.petit@tilleuls\.example/);
  await mail(inbox, 'Connexion depuis un nouvel appareil');
  await mails.reload();
  await look(mails, 'desktop mails');
  const link = await article.locator('a[href*="#link="]').getAttribute('href');
  const guest = await openContext(browser, demo.base_url, { viewport: DESKTOP });
  const hers = await guest.context.newPage();
  await hers.goto(link);
  await activate(hers, { secret: '', codes: [], usedStep: 0 }, { email: 'lea.petit@tilleuls.example', name: 'Léa Petit' });
  await mail(inbox, 'Léa Petit a rejoint le cabinet');
  assert.deepEqual([...visit.foreign, ...guest.foreign], []);
  for (const context of [visit.context, guest.context, inbox]) await context.close();
});

test('another address to sign in with: its mail brings a code, the former address is told', { timeout: 120_000 }, async () => {
  const visit = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await signedIn(visit.context);
  await page.goto(`${demo.base_url}/agenda/securite`);
  await page.getByTestId('change-email').click();
  await page.getByTestId('new-email').fill('c.morel@tilleuls.example');
  await look(page, 'phone another address');
  await page.getByTestId('email-send').click();
  await page.getByTestId('email-code').waitFor();
  const inbox = await reader(PHONE);
  const { article } = await mail(inbox, 'Confirmez votre adresse');
  const [code] = (await article.textContent()).match(/\b\d{8}\b/);
  await page.getByTestId('email-code').fill(code);
  await page.getByText('c.morel@tilleuls.example').waitFor();
  await look(page, 'phone address changed');
  await mail(inbox, 'Votre adresse de connexion a été changée');
  await visit.context.close();
  await inbox.close();
});
