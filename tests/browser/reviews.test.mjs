// The review of who has access on the team page, and a member who is locked after a grave alert: shown live to the owner, released.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { activate, freshCode, PASSWORD } from './account.mjs';
import { DESKTOP, launch, openContext, PHONE } from './browser.mjs';
import { look } from './look.mjs';
import { surroundings, waitForState } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
const EMAIL = 'leo.marchand@tilleuls.example';
const claire = { secret: '', codes: [], usedStep: 0 };
const leo = { secret: '', codes: [], usedStep: 0 };
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
async function stepUp(page, done) {
  const asked = page.getByTestId('step-up-code');
  await asked.or(done).first().waitFor();
  if (await asked.isVisible()) await asked.fill(await freshCode(claire));
  await done.waitFor();
}

/** A colleague who sees every name, on a screen of their own. */
async function colleague(owner, context) {
  await owner.getByTestId('invite').click();
  for (const level of await owner.getByTestId('level').all()) await level.selectOption('full');
  await owner.getByTestId('membership-send').click();
  await stepUp(owner, owner.getByTestId('link'));
  const link = await owner.getByTestId('link').innerText();
  await owner.getByTestId('link-dialog').getByRole('button', { name: 'Fermer' }).last().click();
  const page = await context.newPage();
  await page.goto(link);
  await activate(page, leo, { name: 'Léo Marchand', email: EMAIL });
  return page;
}

/** Opens a year of every agenda's past, as a script in a signed-in page would; ends with the session. */
const rummage = (page) => page.evaluate(async () => {
  const me = await (await fetch('/api/v1/staff/me')).json();
  const minute = Math.floor(me.now_ms / 60_000) * 60_000;
  const day = 86_400_000;
  for (const { agenda } of me.practice.practitioners) {
    const answer = await fetch(`/api/v1/staff/agendas/${agenda}?from_ms=${minute - 399 * day}&until_ms=${minute - 30 * day}`);
    if (![200, 401, 429].includes(answer.status)) throw new Error(`status ${answer.status}`);
  }
});

async function signIn(page) {
  await page.getByTestId('email').fill(EMAIL);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('code').fill(await freshCode(leo));
}

test('an owner reviews who has access, and releases a member who was locked', { timeout: 240_000 }, async () => {
  const [phone, desk] = await Promise.all([
    openContext(browser, demo.base_url, { viewport: PHONE }),
    openContext(browser, demo.base_url, { viewport: DESKTOP }),
  ]);
  const owner = await phone.context.newPage();
  await owner.goto(demo.staff_link);
  await activate(owner, claire, { email: 'claire.morel@tilleuls.example' });
  await owner.goto(`${demo.base_url}/agenda/equipe`);
  await waitForState(owner, 'live');
  const watching = await colleague(owner, desk.context);

  // The review: when, who, the file, and that it was done.
  await owner.goto(`${demo.base_url}/agenda/equipe`);
  await waitForState(owner, 'live');
  assert.match(await owner.getByTestId('review-when').innerText(), /Aucune revue.*Prochaine revue/);
  await owner.getByTestId('review-show').click();
  const leos = owner.getByTestId('reviewed').filter({ hasText: 'Léo Marchand' });
  assert.match(await leos.innerText(), /actif[\s\S]*dernière connexion[\s\S]*application de codes/);
  await look(owner, 'phone review of access');
  await owner.setViewportSize(DESKTOP);
  await look(owner, 'desktop review of access');
  await owner.setViewportSize(PHONE);
  const [file] = await Promise.all([
    owner.waitForEvent('download'),
    (async () => {
      await owner.getByTestId('review-export').click();
      await stepUp(owner, owner.getByText('La liste des accès est dans le fichier téléchargé.'));
    })(),
  ]);
  assert.equal(file.suggestedFilename(), 'revue-des-acces.csv');
  assert.match(await readFile(await file.path(), 'utf8'), /"membre";"Léo Marchand";"[^"]+";"tous : tout, avec les noms"/);
  await owner.getByTestId('review-done').click();
  await owner.getByTestId('question-yes').click();
  await owner.getByTestId('review-when').filter({ hasText: /Dernière revue : le .*par Secrétariat/ }).waitFor();

  // A member who opens a year of names is shut out, and the owner sees it without asking.
  await rummage(watching);
  await watching.getByTestId('email').waitFor();
  const lock = owner.getByTestId('lock');
  await lock.waitFor();
  assert.match(await lock.innerText(), /Léo Marchand est suspendu[\s\S]*Consultation en masse/);
  await owner.locator('[data-testid="reviewed"][data-state="locked"]').waitFor();
  await look(owner, 'phone member locked');
  await signIn(watching);
  const told = watching.getByTestId('sign-in-problem');
  await told.waitFor();
  assert.match(await told.innerText(), /suspendu après une alerte grave/);
  assert.equal(await watching.getByTestId('acknowledge').count(), 0, 'an owner has to give it back');
  await look(watching, 'desktop locked at the door');
  await owner.setViewportSize(DESKTOP);
  await look(owner, 'desktop member locked');

  await owner.getByTestId('lock-release').click();
  await owner.getByTestId('question-yes').click();
  await stepUp(owner, owner.getByText('Léo Marchand peut se connecter de nouveau.'));
  await lock.waitFor({ state: 'detached' });
  await watching.goto(`${demo.base_url}/agenda`);
  await signIn(watching);
  await waitForState(watching, 'live');
  for (const { foreign } of [phone, desk]) assert.deepEqual(foreign, []);
  for (const { context } of [phone, desk]) await context.close();
});
