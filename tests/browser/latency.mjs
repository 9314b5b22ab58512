// How long until others see it, measured on the demo: from a patient's click on "confirm" to the booking in the
// practitioner's DOM, and from the click on a slot to that slot marked as taken on another patient's page. All pages are
// of one machine and share its clock; a MutationObserver in the seeing page notes the moment, and a look at its socket
// tells how much of it had passed when the frame arrived. The three people keep their pages open throughout.
// Usage: CABINET_BIN=path/to/cabinet node latency.mjs [bookings]; default: 50. A benchmark, not a test: it judges nothing.
import { loadavg } from 'node:os';
import { launch, openContext } from './browser.mjs';
import { bookAgain, fillPerson, findFreeSlot, openAgenda, openPatientPage, showDay, showSlot, slot } from './screens.mjs';
import { startDemo } from './server.mjs';

const BOOKINGS = Number(process.argv[2] ?? 50);
const TARGET_P99_MS = 100;
const PROGRESS_EVERY = 10;

const binary = process.env.CABINET_BIN;
if (!binary) throw new Error('CABINET_BIN must name the cabinet binary');
const begin = Date.now();
const { demo, stop } = await startDemo(binary);
const browsers = await Promise.all([launch(), launch(), launch()]);
const toAgenda = [];
const toBoard = [];
try {
  const people = await Promise.all(browsers.map((browser) => openContext(browser, demo.base_url, { guarded: false })));
  const [staff, visit, second] = people.map(({ context }) => context);
  await Promise.all([staff, second].map((context) => context.addInitScript(noteFrames)));
  const [agenda, patient, watcher] = await Promise.all([openAgenda(staff, demo, binary), openPatientPage(visit, demo), openPatientPage(second, demo)]);
  console.log(`pages open after ${seconds()} s`);
  for (let index = 1; index <= BOOKINGS; index += 1) {
    const { board, booking } = await once(agenda, patient, watcher);
    toBoard.push(board);
    toAgenda.push(booking);
    if (index % PROGRESS_EVERY === 0 || index === BOOKINGS) console.log(`${index} of ${BOOKINGS} bookings after ${seconds()} s`);
  }
  report('click on a slot -> taken on another patient\'s page', toBoard);
  report('click on "confirm" -> booking on the practitioner\'s screen', toAgenda);
  console.log(`load average ${loadavg().map((value) => value.toFixed(1)).join(' ')}; target of both: p99 <= ${TARGET_P99_MS} ms`);
} finally {
  await Promise.all(browsers.map((browser) => browser.close()));
  await stop();
}

/** One booking of the patient, from a free slot to the booking, and back to the slots. */
async function once(agenda, patient, watcher) {
  const { start_ms } = await findFreeSlot(patient, { after_ms: Date.now() + 3_600_000 });
  await Promise.all([showSlot(watcher, start_ms), showDay(agenda, start_ms)]);

  const taken = await seen(watcher, `[data-testid="slot-taken"][data-start-ms="${start_ms}"]`);
  const held_at = await clickAndNote(patient, slot(patient, start_ms));
  const board = since(held_at, await taken());

  await patient.getByTestId('hold-countdown').waitFor();
  await fillPerson(patient);
  const drawn = await seen(agenda, `[data-testid="booking"][data-start-ms="${start_ms}"]`, 'Jeanne Aubry');
  const confirmed_at = await clickAndNote(patient, patient.getByTestId('form-confirm'));
  const booking = since(confirmed_at, await drawn());
  await bookAgain(patient);
  return { board, booking };
}

/** Runs in the page before anything of the product: keeps the moment at which the last frame of a socket arrived. */
function noteFrames() {
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...address) {
      super(...address);
      this.addEventListener('message', () => { window.frameAt = performance.timeOrigin + performance.now(); });
    }
  };
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
        resolve({ drawn_at: performance.timeOrigin + performance.now(), frame_at: window.frameAt });
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

function since(clicked_at, { drawn_at, frame_at }) {
  return { all_ms: drawn_at - clicked_at, frame_ms: frame_at - clicked_at, drawing_ms: drawn_at - frame_at };
}

function report(what, values) {
  const line = (name, part) => {
    const sorted = values.map(part).sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)].toFixed(1);
    console.log(`${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (${sorted.length} bookings)`);
  };
  line(what, (one) => one.all_ms);
  line('  of it until the frame arrives', (one) => one.frame_ms);
  line('  of it from frame to screen', (one) => one.drawing_ms);
}

function seconds() {
  return ((Date.now() - begin) / 1000).toFixed(1);
}
