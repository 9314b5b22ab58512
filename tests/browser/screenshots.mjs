// The pictures of the README, taken from the demo: a patient's page with a slot held, and a day of the agenda.
// Usage: CABINET_BIN=path/to/cabinet node screenshots.mjs [folder]; default: docs/images of this repository.
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DESKTOP, launch, openContext, still } from './browser.mjs';
import { fillPerson, findFreeSlot, holdSlot, openAgenda, openPatientPage, showDay } from './screens.mjs';
import { startDemo } from './server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, '../../docs/images');
const BYTES_MAX = 300_000;
const DAY_MS = 86_400_000;

const binary = process.env.CABINET_BIN;
if (!binary) throw new Error('CABINET_BIN must name the cabinet binary');
await mkdir(folder, { recursive: true });
const { demo, stop } = await startDemo(binary);
const browser = await launch();
try {
  const visit = await openContext(browser, demo.base_url, { viewport: { width: DESKTOP.width, height: 1000 } });
  const patient = await openPatientPage(visit.context, demo);
  const { start_ms } = await findFreeSlot(patient);
  await holdSlot(patient, start_ms);
  await fillPerson(patient);
  await picture(patient, 'booking.png');
  await visit.context.close();

  const staff = await openContext(browser, demo.base_url);
  const agenda = await openAgenda(staff.context, demo, binary);
  await showDay(agenda, nextTuesday(Date.now()));
  await agenda.getByTestId('booking').first().waitFor();
  await picture(agenda, 'agenda.png');
} finally {
  await browser.close();
  await stop();
}

/** All three practitioners of the demo work on Tuesdays. */
function nextTuesday(now_ms) {
  const ahead = (2 - new Date(now_ms).getUTCDay() + 7) % 7 || 7;
  return now_ms + ahead * DAY_MS;
}

async function picture(page, name) {
  const path = join(folder, name);
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  await page.mouse.move(0, 0);
  await still(page);
  await page.screenshot({ path });
  const { size } = await stat(path);
  console.log(`${name}: ${size} bytes`);
  if (size > BYTES_MAX) throw new Error(`${name} is larger than ${BYTES_MAX} bytes`);
}
