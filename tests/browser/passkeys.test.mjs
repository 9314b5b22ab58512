// Passkeys in the browser, with Chromium's own virtual authenticator: added on a desk, used there instead of everything that is
// typed, shown again before something strong, given up, and removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { activate } from './account.mjs';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { surroundings, waitForState } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
const owner = { secret: '', codes: [], usedStep: 0 };
let browser;
let server;
let base;

before(async () => {
  browser = await launch();
  server = await startDemo(binary, { args: ['--accounts'] });
  // Keys belong to a name: 127.0.0.1 has none.
  base = server.demo.base_url.replace('127.0.0.1', 'localhost');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A device of the page's own that keeps keys and asks for a finger, which is always there. */
async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
  return {
    keys: async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    finger: (isUserVerified) => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

test('a passkey is added, signs in alone, is shown again and removed', async () => {
  const visit = await openContext(browser, base, { viewport: DESKTOP });
  const page = await visit.context.newPage();
  const device = await authenticator(page);
  await page.goto(server.demo.staff_link.replace('127.0.0.1', 'localhost'));
  await activate(page, owner, { email: 'claire.morel@tilleuls.example' });
  await page.goto(`${base}/agenda/securite`);
  await page.getByTestId('add-passkey').click();
  await page.getByTestId('passkey-dialog').waitFor();
  await look(page, 'desktop passkey dialog');
  await page.getByTestId('passkey-name').fill('Mon ordinateur');
  await page.getByTestId('passkey-send').click();
  await page.getByTestId('passkey').waitFor();
  assert.equal((await device.keys()).length, 1);
  await look(page, 'desktop passkeys');
  // The same device makes no second one, and says so.
  await page.getByTestId('add-passkey').click();
  await page.getByTestId('passkey-send').click();
  await page.getByTestId('passkey-problem').waitFor();
  assert.match(await page.getByTestId('passkey-problem').textContent(), /déjà/);
  await page.getByRole('button', { name: 'Annuler' }).click();
  await page.getByRole('button', { name: 'Se déconnecter' }).click();

  await page.getByTestId('use-passkey').waitFor();
  await look(page, 'desktop sign-in with a passkey');
  await device.finger(false);
  await page.getByTestId('use-passkey').click();
  await page.getByTestId('sign-in-problem').waitFor();
  await device.finger(true);
  await page.getByTestId('use-passkey').click();
  await waitForState(page, 'live');

  await page.goto(`${base}/agenda/securite`);
  await page.getByTestId('passkey').getByText('utilisée le').waitFor();
  await page.getByTestId('remove-passkey').click();
  await page.getByTestId('question-yes').click();
  await page.getByTestId('passkey').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Se déconnecter' }).click();
  await page.getByTestId('use-passkey').click();
  await page.getByTestId('sign-in-problem').waitFor();
  assert.match(await page.getByTestId('sign-in-problem').textContent(), /n’ouvre aucun compte/);
  assert.deepEqual(visit.foreign, []);
  await visit.context.close();
});

test('on a phone the card and the sign-in fit', async () => {
  const visit = await openContext(browser, base, { viewport: PHONE });
  const page = await visit.context.newPage();
  await page.goto(`${base}/agenda`);
  await page.getByTestId('use-passkey').waitFor();
  await look(page, 'phone sign-in with a passkey');
  await visit.context.close();
});

test('where the address is no name nothing is offered', async () => {
  const visit = await openContext(browser, server.demo.base_url, { viewport: DESKTOP });
  const page = await visit.context.newPage();
  await page.goto(`${server.demo.base_url}/agenda`);
  await page.getByTestId('sign-in').waitFor();
  assert.equal(await page.getByTestId('use-passkey').count(), 0);
  await visit.context.close();
});
