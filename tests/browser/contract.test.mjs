// A newer contract in the browser: said to everybody, accepted by an owner with a box that nobody ticked; past its day the
// practice is read-only for staff and patients until then.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, launch, openContext } from './browser.mjs';
import { look } from './look.mjs';
import { findFreeSlot, holdSlot, openAgenda, openPatientPage, slot, surroundings } from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
let browser;
let folder;

before(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'cabinet-documents-'));
  await writeFile(join(folder, 'processing-2.fr.txt'), 'Contrat de sous-traitance\n\nDeuxième version, avec un nouveau sous-traitant.');
  await writeFile(join(folder, 'processing-2.en.txt'), 'Processing contract\n\nSecond version, with a new sub-processor.');
});

after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** A demo in which the contract has to have been accepted so many days from now. */
async function demoWithDeadline(days) {
  const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  await writeFile(join(folder, 'processing-2.accept-by'), day);
  return startDemo(binary, { args: ['--documents', folder] });
}

async function accept(page) {
  await page.getByTestId('contract-open').click();
  await page.getByTestId('contract-dialog').waitFor();
  assert.equal(await page.getByTestId('contract-processing').isChecked(), false, 'nobody ticks it in advance');
  await page.getByTestId('contract-send').click();
  assert.equal(await page.getByTestId('contract-dialog').count(), 1, 'not without the box');
  await page.getByTestId('contract-processing').check();
}

test('before its day the owner is asked on every page, reads the document and accepts', { timeout: 120_000 }, async () => {
  const server = await demoWithDeadline(20);
  const visit = await openContext(browser, server.demo.base_url, { viewport: DESKTOP });
  const page = await openAgenda(visit.context, server.demo, binary);
  assert.equal(await page.getByTestId('contract').getAttribute('data-read-only'), 'false');
  await look(page, 'desktop contract asked for');
  await accept(page);
  await look(page, 'desktop contract');
  await page.getByTestId('contract-send').click();
  await page.getByTestId('contract').waitFor({ state: 'detached' });
  await page.reload();
  await page.getByTestId('nav-alerts').waitFor();
  assert.equal(await page.getByTestId('contract').count(), 0);
  assert.deepEqual(visit.foreign, []);
  await visit.context.close();
  await server.stop();
});

test('past its day nothing is added until an owner accepts', { timeout: 180_000 }, async () => {
  const server = await demoWithDeadline(-1);
  const patient = await openContext(browser, server.demo.base_url, { viewport: PHONE });
  const board = await openPatientPage(patient.context, server.demo);
  const { start_ms } = await findFreeSlot(board);
  await slot(board, start_ms).click();
  await board.getByText('rien ne peut être ajouté').first().waitFor();
  await look(board, 'phone read-only practice');
  const visit = await openContext(browser, server.demo.base_url, { viewport: PHONE });
  const page = await openAgenda(visit.context, server.demo, binary);
  assert.equal(await page.getByTestId('contract').getAttribute('data-read-only'), 'true');
  await look(page, 'phone read-only agenda');
  await accept(page);
  await look(page, 'phone contract');
  await page.getByTestId('contract-send').click();
  await page.getByTestId('contract').waitFor({ state: 'detached' });
  const again = await openPatientPage(patient.context, server.demo);
  await holdSlot(again, (await findFreeSlot(again)).start_ms);
  await patient.context.close();
  await visit.context.close();
  await server.stop();
});
