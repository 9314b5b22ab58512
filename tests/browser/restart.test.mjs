// The server dies (SIGKILL) under open pages and comes back on the same store and port: the pages say so, find their way
// back without a reload, miss nothing, and work as before.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, openContext } from './browser.mjs';
import {
  confirmBooking, drawnBooking, fillPerson, findFreeSlot, holdSlot, openAgenda, openPatientPage, showDay, showSlot, surroundings, waitForState,
} from './screens.mjs';
import { startDemo } from './server.mjs';

const { binary } = surroundings();
let browser;
let data;
let server;

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'cabinet-restart-'));
  [browser, server] = await Promise.all([launch(), startDemo(binary, { data })]);
});

after(async () => {
  await browser?.close();
  await server?.kill();
  if (data !== undefined) await rm(data, { recursive: true, force: true });
});

test('killed under open pages, restarted: the pages go on without a reload, and every booking is there', async () => {
  const { demo } = server;
  const staff = await openContext(browser, demo.base_url);
  const visit = await openContext(browser, demo.base_url);
  const [agenda, patient] = await Promise.all([openAgenda(staff.context, demo, binary), openPatientPage(visit.context, demo)]);

  const first = await findFreeSlot(patient);
  await showDay(agenda, first.start_ms);
  await holdSlot(patient, first.start_ms);
  await fillPerson(patient);
  const before = await confirmBooking(patient);
  await drawnBooking(agenda, before).waitFor();
  await patient.getByTestId('book-another').click();
  await waitForState(patient, 'live');

  const loads = [agenda, patient].map((page) => page.evaluate(() => performance.timeOrigin));
  const noticed = [agenda, patient].map((page) => waitForState(page, 'reconnecting'));
  await server.kill();
  await Promise.all(noticed);
  server = await startDemo(binary, { data, port: new URL(demo.base_url).port });
  assert.equal(server.demo.base_url, demo.base_url);
  await Promise.all([agenda, patient].map((page) => waitForState(page, 'live', { timeout: 60_000 })));

  // The acknowledged booking survived, and its slot is not offered again.
  await drawnBooking(agenda, before).waitFor();
  const second = await findFreeSlot(patient, { skip: new Set([first.start_ms]) });
  await showSlot(patient, second.start_ms);
  await showDay(agenda, second.start_ms);
  await holdSlot(patient, second.start_ms);
  await fillPerson(patient);
  const later = await confirmBooking(patient);
  await drawnBooking(agenda, later).waitFor();
  assert.notEqual(later, before);

  const reloaded = [agenda, patient].map((page) => page.evaluate(() => performance.timeOrigin));
  assert.deepEqual(await Promise.all(reloaded), await Promise.all(loads), 'a page was loaded anew');
  await Promise.all([staff.context.close(), visit.context.close()]);
  assert.deepEqual([...staff.foreign, ...visit.foreign], []);
  // Dialling a server that is down is an error in the console, and the only one.
  const others = [...staff.errors, ...visit.errors].filter((text) => !/ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|WebSocket connection to/.test(text));
  assert.deepEqual(others, []);
});
