// How long until others see it, measured on the demo: from a patient's click on "confirm" to the booking in the
// practitioner's DOM, and from the click on a slot to that slot marked as taken on another patient's page. All pages are
// of one machine and share its clock; a MutationObserver in the seeing page notes the moment, and a look at its socket
// tells how much of it had passed when the frame arrived. The three people keep their pages open throughout.
// Usage: CABINET_BIN=path/to/cabinet node latency.mjs [bookings]; default: 50. A benchmark, not a test: it judges nothing.
// `node latency.mjs beside` does the like on a server that a load scenario has started and loads; see `beside`.
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { launch, openContext } from './browser.mjs';
import { PATIENT, bookAgain, fillPerson, findFreeSlot, openAgenda, openPatientPage, showDay, showSlot, slot } from './screens.mjs';
import { startDemo } from './server.mjs';

const TARGET_P99_MS = 100;
/** A change that a page does not show within this time is lost. */
const PATIENCE_MS = 10_000;
/** Bookings of one slot before the pages turn to another. */
const REPEATS = 6;
const PROGRESS_EVERY = 10;

const binary = process.env.CABINET_BIN;
if (!binary) throw new Error('CABINET_BIN must name the cabinet binary');
const begin = Date.now();
if (process.argv[2] === 'beside') await beside();
else await alone(Number(process.argv[2] ?? 50));

async function alone(bookings) {
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
    for (let index = 1; index <= bookings; index += 1) {
      const { board, booking } = await once(agenda, patient, watcher);
      toBoard.push(board);
      toAgenda.push(booking);
      if (index % PROGRESS_EVERY === 0 || index === bookings) console.log(`${index} of ${bookings} bookings after ${seconds()} s`);
    }
    report('click on a slot -> taken on another patient\'s page', toBoard);
    report('click on "confirm" -> booking on the practitioner\'s screen', toAgenda);
    console.log(`load average ${loadavg().map((value) => value.toFixed(1)).join(' ')}; target of both: p99 <= ${TARGET_P99_MS} ms`);
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await stop();
  }
}

/**
 * A patient's board and the staff's agenda on a server that others load. Told by lines on standard input: what to open (JSON:
 * `demo`, `base`, `notice_version`, `slots` that nobody else takes), `go`, `stop`. Says `open`, and at the end the samples as
 * one line of JSON: milliseconds from just before this script sends a command to the change in the page's document.
 */
async function beside() {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value;
  const brief = JSON.parse(await line());
  const browsers = await Promise.all([launch(), launch()]);
  const samples = { board_taken_ms: [], board_free_ms: [], agenda_booked_ms: [], agenda_gone_ms: [], answer_ms: [], lost: 0 };
  try {
    const people = await Promise.all(browsers.map((one) => openContext(one, brief.demo.base_url, { guarded: false })));
    const [staff, visit] = people.map(({ context }) => context);
    const pages = await Promise.all([openAgenda(staff, brief.demo, binary), openPatientPage(visit, brief.demo)]);
    console.log('open');
    await line();
    let over = false;
    const told = line().then(() => { over = true; });
    for (let index = 0; !over; index += 1) {
      const wanted = brief.slots[Math.floor(index / REPEATS) % brief.slots.length];
      await bookBeside(pages, brief, wanted, samples);
    }
    await told;
  } finally {
    await Promise.all(browsers.map((one) => one.close()));
  }
  console.log(JSON.stringify(samples));
  process.exit(0);
}

/** One booking by HTTP from hold to cancellation, with both pages watched. */
async function bookBeside([agenda, board], { demo, base, notice_version }, { kind, start_ms }, samples) {
  await Promise.all([showSlotAgain(board, start_ms), showDay(agenda, start_ms)]);
  const skew = await Promise.all([clockOf(agenda), clockOf(board)]);
  const command = async (path, body, seeing) => {
    const waits = await Promise.all(seeing.map(({ page, selector, words, gone }) => changed(page, selector, words, gone)));
    const sent_at = now();
    const answer = await post(`${demo.base_url}${base}${path}`, body);
    samples.answer_ms.push(now() - sent_at);
    for (const [index, { page, into }] of seeing.entries()) {
      const at = await waits[index]();
      if (at === null) samples.lost += 1;
      else samples[into].push(at - skew[page === agenda ? 0 : 1] - sent_at);
    }
    return answer;
  };
  const token = secret();
  const manage = secret();
  const free = `[data-testid="slot"][data-start-ms="${start_ms}"]`;
  // Colleagues have bookings at the same time: it is the name that tells.
  const drawn = { page: agenda, selector: `[data-testid="booking"][data-start-ms="${start_ms}"]`, words: `${PATIENT.given} ${PATIENT.family}` };
  const taken = `[data-testid="slot-taken"][data-start-ms="${start_ms}"]`;
  const { hold } = await command('/holds', { command_id: secret(), kind, start_ms, token }, [{ page: board, selector: taken, into: 'board_taken_ms' }]);
  const person = { given_name: PATIENT.given, family_name: PATIENT.family, email: PATIENT.email, phone: null };
  const { booking } = await command(`/holds/${hold}/confirm`, { command_id: secret(), token, person, notice_version, manage },
    [{ ...drawn, into: 'agenda_booked_ms' }]);
  await command(`/bookings/${booking}/cancel`, { command_id: secret(), manage },
    [{ page: board, selector: free, into: 'board_free_ms' }, { ...drawn, gone: true, into: 'agenda_gone_ms' }]);
}

/** As `showSlot`, also where the slot lies on an earlier page. */
async function showSlotAgain(board, start_ms) {
  if ((await board.locator(`[data-start-ms="${start_ms}"]`).count()) > 0) return;
  const back = board.locator('.pager button').first();
  while (await back.isEnabled()) await back.click();
  await showSlot(board, start_ms);
}

async function post(url, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Starts to look for an element (with words in it) that comes, or goes; answers with a function that waits for the moment, null when it is lost. */
async function changed(page, selector, words = '', gone = false) {
  await page.evaluate(([wanted, text, absent, patience]) => {
    const there = () => [...document.querySelectorAll(wanted)].some((element) => element.textContent.includes(text)) !== absent;
    const moment = () => performance.timeOrigin + performance.now();
    window.changedAt = new Promise((resolve) => {
      if (there()) return resolve(null);
      const observer = new MutationObserver(() => {
        if (!there()) return;
        observer.disconnect();
        resolve(moment());
      });
      observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      setTimeout(() => resolve(null), patience);
    });
  }, [selector, words, gone, PATIENCE_MS]);
  return () => page.evaluate(() => window.changedAt);
}

/** By how much a page's clock is ahead of this process's: the look with the shortest way there and back. */
async function clockOf(page) {
  let best = { way: Infinity, ahead: 0 };
  for (let turn = 0; turn < 5; turn += 1) {
    const before = now();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const after = now();
    if (after - before < best.way) best = { way: after - before, ahead: there - (before + after) / 2 };
  }
  return best.ahead;
}

function now() {
  return performance.timeOrigin + performance.now();
}

/** 128 fresh bits. */
function secret() {
  return randomBytes(16).toString('hex');
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
