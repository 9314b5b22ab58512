// How long until others see it, measured on the demo: from a patient's click on "confirm" to the booking in the
// practitioner's DOM, and from the click on a slot to that slot marked as taken on another patient's page. All pages are
// of one machine and share its clock; a MutationObserver in the seeing page notes the moment.
// Usage: CABINET_BIN=path/to/cabinet node latency.mjs [bookings]; default: 50. A benchmark, not a test: it judges nothing.
import { loadavg } from 'node:os';
import { launch, openContext } from './browser.mjs';
import { fillPerson, findFreeSlot, openAgenda, openPatientPage, showDay, showSlot, slot } from './screens.mjs';
import { startDemo } from './server.mjs';

const BOOKINGS = Number(process.argv[2] ?? 50);
const TARGET_P99_MS = 100;

const binary = process.env.CABINET_BIN;
if (!binary) throw new Error('CABINET_BIN must name the cabinet binary');
const { demo, stop } = await startDemo(binary);
const [practice, patients, watchers] = await Promise.all([launch(), launch(), launch()]);
const toAgenda = [];
const toBoard = [];
try {
  const [staff, second] = await Promise.all([openContext(practice, demo.base_url), openContext(watchers, demo.base_url)]);
  const [agenda, watcher] = await Promise.all([openAgenda(staff.context, demo, binary), openPatientPage(second.context, demo)]);
  for (let index = 0; index < BOOKINGS; index += 1) {
    const { board_ms, agenda_ms } = await once(agenda, watcher);
    toBoard.push(board_ms);
    toAgenda.push(agenda_ms);
  }
  report('click on a slot -> taken on another patient\'s page', toBoard);
  report('click on "confirm" -> booking on the practitioner\'s screen', toAgenda);
  console.log(`load average ${loadavg().map((value) => value.toFixed(1)).join(' ')}; target of both: p99 <= ${TARGET_P99_MS} ms`);
} finally {
  await Promise.all([practice, patients, watchers].map((browser) => browser.close()));
  await stop();
}

/** One patient in a browser context of its own, from a free slot to the booking. */
async function once(agenda, watcher) {
  const visit = await openContext(patients, demo.base_url);
  const page = await openPatientPage(visit.context, demo);
  const { start_ms } = await findFreeSlot(page, { after_ms: Date.now() + 3_600_000 });
  await showSlot(watcher, start_ms);
  await showDay(agenda, start_ms);

  const taken = await seen(watcher, `[data-testid="slot-taken"][data-start-ms="${start_ms}"]`);
  const held_at = await clickAndNote(page, slot(page, start_ms));
  const board_ms = (await taken()) - held_at;

  await page.getByTestId('hold-countdown').waitFor();
  await fillPerson(page);
  const drawn = await seen(agenda, `[data-testid="booking"][data-start-ms="${start_ms}"]`, 'Jeanne Aubry');
  const clicked = clickAndNote(page, page.getByTestId('form-confirm'));
  await page.getByTestId('confirmation').waitFor();
  const agenda_ms = (await drawn()) - (await clicked);
  await visit.context.close();
  return { board_ms, agenda_ms };
}

/** Starts to look for an element (with a text in it); answers with a function that waits for the moment it was there. */
async function seen(page, selector, text = '') {
  await page.evaluate(([wanted, words]) => {
    const there = () => [...document.querySelectorAll(wanted)].some((element) => element.textContent.includes(words));
    if (there()) throw new Error(`${wanted} is there already`);
    window.seenAt = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (!there()) return;
        observer.disconnect();
        resolve(performance.timeOrigin + performance.now());
      });
      observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    });
  }, [selector, text]);
  return () => page.evaluate(() => window.seenAt);
}

/** Clicks and answers with the moment at which the page itself got the click. */
async function clickAndNote(page, target) {
  await page.evaluate(() => {
    window.clickedAt = new Promise((resolve) => {
      addEventListener('click', () => resolve(performance.timeOrigin + performance.now()), { capture: true, once: true });
    });
  });
  await target.click();
  return page.evaluate(() => window.clickedAt);
}

function report(what, values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)].toFixed(1);
  console.log(`${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (${sorted.length} bookings)`);
}
