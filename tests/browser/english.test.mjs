// In English no French word is left on a screen but what the practice itself has written: what it called its types,
// places and itself, and its patients' names.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openContext, still } from './browser.mjs';
import { confirmBooking, fillPerson, findFreeSlot, openAgenda, openPatientPage, surroundings } from './screens.mjs';

const { demo, binary } = surroundings();
let browser;
/** What the practice has written, longest first. */
let own;

// Words that French screens cannot do without and English ones never have.
const FRENCH = new RegExp(String.raw`(?<![\p{L}])(${[
  'le', 'la', 'les', 'des', 'du', 'de', 'une', 'un', 'et', 'ou', 'où', 'pour', 'vous', 'votre', 'vos', 'est', 'sont', 'pas', 'ce', 'cette', 'aux', 'avec', 'jusqu', 'sur', 'dans', 'par',
  'rendez', 'créneaux?', 'motifs?', 'praticiens?', 'praticienne', 'agenda du', 'réglages', 'semaines?', 'jour', 'jours', 'mois', 'heures?', 'annuler', 'absence du', 'lieux?', 'aujourd', 'demain',
  'nouveau', 'nouvelle', 'prénom', 'nom', 'téléphone', 'enregistrer', 'fermer', 'ajouter', 'modifier', 'supprimer', 'couleur', 'durée', 'plages?', 'direct',
  'lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche', 'janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre', 'décembre',
].join('|')})(?![\p{L}])`, 'giu');

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** All that a person sees or hears of a page: text, labels, titles, its name in the tab. */
function said(page) {
  return page.evaluate(() => {
    const labels = ['aria-label', 'title', 'placeholder', 'alt'].flatMap((name) => [...document.querySelectorAll(`[${name}]`)].map((element) => element.getAttribute(name)));
    // Each language is offered under its own name; the day's print lies hidden.
    const hidden = [...document.querySelectorAll('[lang="fr"]')].map((element) => element.textContent);
    return { language: document.documentElement.lang, text: [document.title, document.body.innerText, ...labels].join('\n'), hidden };
  });
}

async function french(page) {
  await still(page);
  const { language, text, hidden } = await said(page);
  const rest = [...hidden, ...own].reduce((left, word) => left.replaceAll(word, ' '), text);
  return { language, words: [...new Set([...rest.matchAll(FRENCH)].map(([word]) => word.toLowerCase()))] };
}

async function english(page, screen) {
  assert.deepEqual(await french(page), { language: 'en', words: [] }, screen);
}

function strings(value) {
  if (typeof value === 'string') return value === '' ? [] : [value, ...value.split('\n').filter((line) => line.trim() !== '')];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(strings) : [];
}

/** The practice's own words: what its public pages are made of; and two proper names, the product's and of the CNIL's street. */
async function ownWords(page) {
  const answers = await page.evaluate(async ([practice, practitioners]) => {
    const get = async (path) => (await fetch(path)).json();
    return Promise.all([get(`/api/v1/public/${practice}`), ...practitioners.map((one) => get(`/api/v1/public/${practice}/${one}`))]);
  }, [demo.practice, demo.practitioners]);
  const words = answers.flatMap(({ practice, types, practitioner, name, phone, email, legal, practitioners, places, notice }) =>
    strings([practice ?? { name, phone, email, legal, practitioners, places, notice }, types, practitioner]));
  return [...new Set(['Cabinet en Ligne', 'place de Fontenoy', ...words])].filter((word) => word.length > 2).sort((a, b) => b.length - a.length);
}

test('patients\' screens', async () => {
  const { context, foreign, errors } = await openContext(browser, demo.base_url);
  const page = await openPatientPage(context, demo);
  own = await ownWords(page);
  const before = await french(page);
  assert.equal(before.language, 'fr');
  assert.ok(before.words.length > 5, 'French is recognised where it stands');

  await page.locator('.switch [lang="en"]').click();
  await english(page, 'slots');
  const { start_ms } = await findFreeSlot(page);
  await page.locator(`[data-testid="slot"][data-start-ms="${start_ms}"]`).click();
  await page.getByTestId('hold-countdown').waitFor();
  await page.getByTestId('form-confirm').click();
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await english(page, 'hold, form and mistakes');
  await fillPerson(page);
  await confirmBooking(page);
  await english(page, 'confirmation');
  await page.getByTestId('manage-link').click();
  await page.getByTestId('cancel-booking').click();
  await page.getByTestId('cancel-yes').waitFor();
  await english(page, 'manage page and question');
  await page.getByTestId('cancel-yes').click();
  await page.getByTestId('cancelled').waitFor();
  await english(page, 'cancelled');
  for (const path of [`/p/${demo.practice}`, '/mentions-legales', '/']) {
    await page.goto(demo.base_url + path);
    await page.locator('main h1').waitFor();
    await english(page, path);
  }
  await context.close();
  assert.deepEqual({ foreign, errors }, { foreign: [], errors: [] });
});

test('staff\'s screens', async () => {
  const { context, foreign, errors } = await openContext(browser, demo.base_url);
  const page = await openAgenda(context, demo, binary);
  own ??= await ownWords(page);
  await page.locator('.switch [lang="en"]').click();
  // Types that only the practice books are in no public answer.
  own = [...own, ...(await page.locator('.legend li').allTextContents())];
  for (const view of ['day', 'week', 'month']) {
    await page.getByTestId(`view-${view}`).click();
    await page.locator(`[data-view="${view}"] .ec`).waitFor();
    await namesOf(page);
    await english(page, view);
  }
  await page.getByTestId('view-week').click();
  await page.locator('[data-view="week"] [data-testid="booking"]').first().click();
  await page.getByTestId('booking-card').waitFor();
  await english(page, 'a booking');
  await page.getByTestId('move-booking').click();
  await english(page, 'move');
  await page.keyboard.press('Escape');
  await page.getByTestId('booking-card').waitFor({ state: 'detached' });
  for (const [open, dialog] of [['new-booking', 'booking-dialog'], ['new-absence', 'absence-dialog']]) {
    await page.getByTestId(open).click();
    await page.getByTestId(dialog).waitFor();
    await english(page, dialog);
    await page.keyboard.press('Escape');
    await page.getByTestId(dialog).waitFor({ state: 'detached' });
  }
  await page.locator('a[href="/agenda/reglages"]:visible').first().click();
  await page.getByTestId('rule').first().waitFor();
  own = [...own, ...(await page.getByTestId('edit-type').locator('strong').allTextContents())];
  await english(page, 'settings');
  for (const [open, dialog] of [['add-rule', 'opening-dialog'], ['add-exception', 'opening-dialog'], ['add-type', 'type-dialog'], ['edit-type', 'type-dialog']]) {
    await page.getByTestId(open).first().click();
    await page.getByTestId(dialog).waitFor();
    await english(page, open);
    await page.keyboard.press('Escape');
    await page.getByTestId(dialog).waitFor({ state: 'detached' });
  }
  await context.close();
  assert.deepEqual({ foreign, errors }, { foreign: [], errors: [] });
});

/** Names of patients and labels of absences drawn are the practice's own words, too. */
async function namesOf(page) {
  own = [...own, ...(await page.locator('[data-testid="booking"] strong, [data-testid="absence"] strong').allTextContents())];
}
