// A member makes the address of a calendar feed on a phone; three calendar libraries that know nothing of each other read from it
// what the agenda shows, and nobody's name. Once ended, it shows nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import ICAL from 'ical.js';
import ical from 'node-ical';
import { convertIcsCalendar } from 'ts-ics';
import { launch, openContext, PHONE } from './browser.mjs';
import { look } from './look.mjs';
import { openAgenda, surroundings } from './screens.mjs';

const { demo, binary } = surroundings();
const DAY_MS = 86_400_000;
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** What each library reads: beginning, end, title and place of every entry, by beginning. */
const LIBRARIES = {
  'ical.js': (file) => new ICAL.Component(ICAL.parse(file)).getAllSubcomponents('vevent').map((one) => new ICAL.Event(one))
    .map((event) => entry(event.startDate.toJSDate(), event.endDate.toJSDate(), event.summary, event.location)),
  'node-ical': (file) => Object.values(ical.sync.parseICS(file)).filter((one) => one.type === 'VEVENT')
    .map((event) => entry(event.start, event.end, event.summary, event.location)),
  'ts-ics': (file) => convertIcsCalendar(undefined, file).events
    .map((event) => entry(event.start.date, event.end.date, event.summary, event.location)),
};

const entry = (start, end, title, place) => ({ start: start.getTime(), end: end.getTime(), title, place: place ?? '' });
const inOrder = (entries) => entries.toSorted((one, other) => one.start - other.start || one.end - other.end);

test('a calendar feed is made, read by three libraries, and ended', { timeout: 120_000 }, async () => {
  const { context, foreign, errors } = await openContext(browser, demo.base_url, { viewport: PHONE });
  const page = await openAgenda(context, demo, binary);
  await page.goto(`${demo.base_url}/agenda/securite`);
  await page.getByTestId('make-feed').first().click();
  await page.getByTestId('feed-dialog').waitFor();
  await look(page, 'feed made');
  const address = await page.getByTestId('feed-address').innerText();
  await page.getByTestId('feed-dialog').getByRole('button', { name: 'Fermer' }).last().click();
  await page.getByTestId('end-feed').first().waitFor();
  await look(page, 'feeds');

  const me = await (await context.request.get(`${demo.base_url}/api/v1/staff/me`)).json();
  const { agenda } = me.practice.practitioners[0];
  const minute = Math.floor(me.now_ms / 60_000) * 60_000;
  const shown = await (await context.request.get(`${demo.base_url}/api/v1/staff/agendas/${agenda}?from_ms=${minute - 28 * DAY_MS}&until_ms=${minute + 300 * DAY_MS}`)).json();
  const view = shown.view ?? shown;
  const typeOf = new Map(view.types.map((type) => [type.id, type.name]));
  const answer = await context.request.get(address);
  assert.equal(answer.headers()['content-type'], 'text/calendar; charset=utf-8');
  const file = await answer.text();
  const read = Object.entries(LIBRARIES).map(([name, parse]) => [name, inOrder(parse(file))]);
  assert.ok(view.bookings.length > 50, `${view.bookings.length} bookings`);
  for (const [name, entries] of read) {
    const appointments = entries.filter(({ title }) => title !== 'Absence');
    const expected = view.bookings.map(({ start_ms, end_ms, kind }) => ({ start: start_ms, end: end_ms, title: typeOf.get(kind) }));
    assert.deepEqual(appointments.map(({ start, end, title }) => ({ start, end, title })), inOrder(expected), name);
    assert.ok(appointments.every(({ place }) => place.includes(', ')), name);
    assert.deepEqual(entries, read[0][1], name);
  }
  for (const { person } of view.bookings) assert.ok(!file.includes(person.family_name) || isPlace(file, person.family_name), person.family_name);

  await page.getByTestId('end-feed').first().click();
  await page.getByTestId('question-yes').click();
  await page.getByTestId('end-feed').first().waitFor({ state: 'detached' });
  assert.equal((await context.request.get(address)).status(), 404);
  await context.close();
  assert.deepEqual({ foreign, errors: errors.filter((text) => !/status of 4(04|09)/.test(text)) }, { foreign: [], errors: [] });
});

/** A street may be named as a patient is. */
function isPlace(file, name) {
  const lines = file.replaceAll('\r\n ', '').split('\r\n').filter((line) => line.includes(name));
  return lines.every((line) => line.startsWith('LOCATION:'));
}
