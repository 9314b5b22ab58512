// The pure logic of the browser applications, by example.
import { describe, expect, it } from 'vitest';
import { applyChanges, isComplete, movedIn, overlapping, withPart } from './agenda';
import { backoffMs } from './backoff';
import { countdown, secondsLeft, ServerClock, worthSaying } from './clock';
import { calendarFile } from './ics';
import { resumes, step } from './position';
import { routeOf } from './router';
import { bookable, byDay, difference, fromSnapshot, merge, nextOpening, visible } from './slots';
import { isEmail, normalisePhone, readPerson, shownPhone } from './validation';
import type { Slot, StaffBooking, StaffView } from './wire';
import { addDays, addWallSeconds, dayOf, instantOf, isoOffset, mondayOf, offsetMinutes, soon, untilMidnight, wallOf, weekdayOf } from './zone';

const slot = (start_ms: number, from_ms = 0, until_ms = start_ms): Slot => ({ start_ms, place: 'p', from_ms, until_ms });
const booking = (id: string, start_ms: number, end_ms: number): StaffBooking => ({ id, kind: 'k', start_ms, end_ms, place: 'p', person: null, online: false, overbooked: false, series: null, mark: null });
const view = (bookings: StaffBooking[]): StaffView => ({
  agenda: 'a', zone: 'Europe/Paris', granularity_minutes: 15, types: [], bookings, holds: [], absences: [], rules: [], exceptions: [], openings: [], covers_from_ms: 0, covers_until_ms: 1000, complete_until_ms: 1000, delay_minutes: 0, waiting: [],
});

describe('a view that comes in parts', () => {
  const opening = (start_ms: number): StaffView['openings'][number] => ({ start_ms, end_ms: start_ms + 60, place: 'p', types: null });
  const begun: StaffView = { ...view([booking('a', 100, 200)]), openings: [opening(0)], complete_until_ms: 300 };

  it('is complete with its last part, and what a change brought before is there once', () => {
    const changed = applyChanges(begun, [{ change: 'booking_set', booking: booking('b', 400, 500) }, { change: 'booking_moved', id: 'a', start_ms: 600, end_ms: 700, place: 'p', overbooked: false }]);
    expect(isComplete(changed)).toBe(false);
    const next = withPart(changed, { bookings: [booking('b', 400, 500)], openings: [opening(400)], complete_until_ms: 600 });
    const whole = withPart(next, { bookings: [booking('a', 600, 700)], openings: [], complete_until_ms: 1000 });
    expect([isComplete(next), isComplete(whole)]).toEqual([false, true]);
    expect(whole.bookings.map((one) => [one.id, one.start_ms]).sort()).toEqual([['a', 600], ['b', 400]]);
    expect(whole.openings.map((one) => one.start_ms)).toEqual([0, 400]);
  });
});

describe('position in a topic', () => {
  it.each([
    ['fits', { history: 'h', seq: 4 }, 4, 7, { kind: 'apply', position: { history: 'h', seq: 7 } }],
    ['starts one later: something is missing', { history: 'h', seq: 4 }, 5, 7, { kind: 'gap' }],
    ['starts earlier and ends later', { history: 'h', seq: 4 }, 3, 5, { kind: 'apply', position: { history: 'h', seq: 5 } }],
    ['ends where one stands', { history: 'h', seq: 4 }, 3, 4, { kind: 'known' }],
    ['ends before', { history: 'h', seq: 4 }, 1, 3, { kind: 'known' }],
    ['before any snapshot', null, 0, 1, { kind: 'gap' }],
  ] as const)('%s', (_, position, from, to, expected) => expect(step(position, from, to)).toEqual(expected));

  it('resumes only from its own position', () => {
    expect(resumes({ history: 'h', seq: 4 }, 'h', 4)).toBe(true);
    expect(resumes({ history: 'h', seq: 4 }, 'h', 5)).toBe(false);
    expect(resumes({ history: 'h', seq: 4 }, 'g', 4)).toBe(false);
    expect(resumes(null, 'h', 4)).toBe(false);
  });
});

describe('clock', () => {
  it('follows the server by an offset', () => {
    let mine = 1000;
    const clock = new ServerClock(() => mine);
    clock.sync(61_000);
    mine += 500;
    expect(clock.now()).toBe(61_500);
    clock.sync(70_000);
    expect(clock.now()).toBe(70_000);
  });

  it('counts a begun second and never below zero', () => {
    expect([secondsLeft(1000, 0), secondsLeft(1001, 0), secondsLeft(0, 0), secondsLeft(0, 5)]).toEqual([1, 2, 0, 0]);
    expect([countdown(300), countdown(61), countdown(9), countdown(0)]).toEqual(['5:00', '1:01', '0:09', '0:00']);
  });

  it('speaks at sensible moments only', () => {
    expect([300, 299, 60, 59, 30, 15, 1, 0].filter(worthSaying)).toEqual([300, 60, 30, 15, 0]);
  });

  it('waits with full jitter under a ceiling', () => {
    expect(backoffMs(0, () => 1)).toBe(400);
    expect(backoffMs(3, () => 1)).toBe(3200);
    expect(backoffMs(50, () => 1)).toBe(20_000);
    expect(backoffMs(50, () => 0)).toBe(0);
  });
});

describe('slots', () => {
  it('says when more open next, but for the midnights at which each date opens by itself', () => {
    const at = (wall: string) => instantOf(wall, 'Europe/Paris');
    const far = at('2026-12-24T09:00');
    const table = fromSnapshot([{ kind: 'k', slots: [slot(far, at('2026-12-08T00:00')), slot(far + 1, at('2026-12-14T08:00'), far), slot(far + 2, at('2026-12-07T08:00'), far)] }]);
    expect(nextOpening(table, 'k', at('2026-12-07T07:59'), 'Europe/Paris')).toBe(at('2026-12-07T08:00'));
    expect(nextOpening(table, 'k', at('2026-12-07T08:00'), 'Europe/Paris')).toBe(at('2026-12-14T08:00'));
    expect(nextOpening(table, 'k', at('2026-12-14T08:00'), 'Europe/Paris')).toBeNull();
    expect(nextOpening(table, 'other', 0, 'Europe/Paris')).toBeNull();
  });

  const table = fromSnapshot([{ kind: 'k', slots: [slot(10), slot(20)] }]);

  it('merges removals and additions and tells them apart', () => {
    const { table: next, gone, come } = merge(table, [{ kind: 'k', removed_ms: [10, 99], added: [slot(30)] }]);
    expect(visible(next, 'k', 0).map((s) => s.start_ms)).toEqual([20, 30]);
    expect(gone.map((g) => g.start_ms)).toEqual([10]);
    expect(come.map((c) => c.start_ms)).toEqual([30]);
    expect(table.get('k')?.size).toBe(2);
  });

  it('takes new bounds without calling the slot freed', () => {
    const { table: next, gone, come } = merge(table, [{ kind: 'k', removed_ms: [10], added: [slot(10, 0, 5)] }]);
    expect([gone, come]).toEqual([[], []]);
    expect(next.get('k')?.get(10)?.until_ms).toBe(5);
  });

  it('takes a type not seen before', () => {
    expect(merge(table, [{ kind: 'new', removed_ms: [], added: [slot(5)] }]).come).toHaveLength(1);
  });

  it('compares whole pictures after a rejoin', () => {
    const { gone, come } = difference(table, fromSnapshot([{ kind: 'k', slots: [slot(20), slot(40)] }]));
    expect([gone[0]?.start_ms, come[0]?.start_ms]).toEqual([10, 40]);
  });

  it('includes the lower bound and excludes the upper', () => {
    expect([99, 100, 199, 200].map((now) => bookable(slot(300, 100, 200), now))).toEqual([false, true, true, false]);
  });

  it('groups by the day on the practice’s wall', () => {
    const start = Date.parse('2026-11-22T23:30:00Z');
    expect([...byDay([slot(start)], 'Europe/Paris').keys()]).toEqual(['2026-11-23']);
    expect([...byDay([slot(start)], 'America/Guadeloupe').keys()]).toEqual(['2026-11-22']);
  });
});

describe('civil time', () => {
  it.each([
    ['Europe/Paris', '2026-11-22T09:00:00', '2026-11-22T08:00:00Z'],
    ['Europe/Paris', '2026-07-01T09:00:00', '2026-07-01T07:00:00Z'],
    ['Europe/Paris', '2026-03-29T02:30:00', '2026-03-29T01:30:00Z'],
    ['Europe/Paris', '2026-10-25T02:30:00', '2026-10-25T00:30:00Z'],
    ['Europe/Paris', '2026-10-25T03:00:00', '2026-10-25T02:00:00Z'],
    ['America/Guadeloupe', '2026-11-22T09:00:00', '2026-11-22T13:00:00Z'],
    ['Indian/Reunion', '2026-11-22T09:00:00', '2026-11-22T05:00:00Z'],
    ['Pacific/Noumea', '2026-11-22T09:00:00', '2026-11-21T22:00:00Z'],
  ])('%s %s', (zone, wall, instant) => expect(new Date(instantOf(wall, zone)).toISOString()).toBe(new Date(instant).toISOString()));

  it('names the day of what is soon, unless it is today', () => {
    const now = Date.parse('2026-11-22T20:00:00Z');
    const said = (instant: string): string => soon(Date.parse(instant), now, 'Europe/Paris', 'fr');
    expect([said('2026-11-22T22:30:00Z'), said('2026-11-22T23:30:00Z')]).toEqual(['23:30', 'lundi 00:30']);
  });

  it('goes there and back on every quarter hour of a clock-change day, the doubled hour aside', () => {
    for (let at = Date.parse('2026-10-24T22:00:00Z'); at < Date.parse('2026-10-25T23:00:00Z'); at += 900_000) {
      const back = instantOf(wallOf(at, 'Europe/Paris'), 'Europe/Paris');
      expect([at, at - 3_600_000]).toContain(back);
    }
  });

  it('does calendar sums without a zone', () => {
    expect([addDays('2026-02-28', 1), addDays('2028-02-28', 1), addDays('2027-01-01', -1)]).toEqual(['2026-03-01', '2028-02-29', '2026-12-31']);
    expect([weekdayOf('2026-11-22'), mondayOf('2026-11-22'), mondayOf('2026-11-23')]).toEqual([7, '2026-11-16', '2026-11-23']);
    expect(addWallSeconds('2026-03-29T01:30:00', 3600)).toBe('2026-03-29T02:30:00');
    expect([isoOffset(Date.parse('2026-11-22T00:00:00Z'), 'Europe/Paris'), isoOffset(0, 'America/Guadeloupe')]).toEqual(['+01:00', '-04:00']);
    expect(offsetMinutes(Date.parse('2026-07-01T00:00:00Z'), 'Europe/Paris')).toBe(120);
  });

  it('knows how far midnight is, also when the day has 25 hours', () => {
    expect(untilMidnight(instantOf('2026-10-25T00:00:00', 'Europe/Paris'), 'Europe/Paris')).toBe(25 * 3_600_000);
    expect(dayOf(instantOf('2026-11-22T23:59:00', 'Europe/Paris'), 'Europe/Paris')).toBe('2026-11-22');
  });
});

describe('form', () => {
  it.each([
    ['06 12 34 56 78', '+33612345678'], ['06.12.34.56.78', '+33612345678'], ['+33 (0)6 12 34 56 78', '+33612345678'], ['0033612345678', '+33612345678'],
    ['0690 12 34 56', '+590690123456'], ['0692123456', '+262692123456'], ['+44 20 7946 0958', '+442079460958'],
    ['06 12 34 56', null], ['+33 6 12', null], ['bonjour', null], ['0012', null], ['+0123456789', null],
  ])('phone %s', (input, expected) => expect(normalisePhone(input)).toBe(expected));

  it('shows a French number in pairs and any other as it is', () => {
    expect(shownPhone('+33199000042').split('\u00a0')).toEqual(['01', '99', '00', '00', '42']);
    expect(shownPhone('+442079460958')).toBe('+442079460958');
    expect(shownPhone('+331990000421')).toBe('+331990000421');
  });

  it.each([['a@b.fr', true], ['a.b+c@d-e.co.uk', true], ['a@b', false], ['a b@c.fr', false], ['@b.fr', false], ['a@b..fr', false], ['a@@b.fr', false]])(
    'e-mail %s', (input, expected) => expect(isEmail(input)).toBe(expected));

  const whole = { given: ' Ada ', family: 'Lovelace', email: '', phone: '0612345678' };
  it('trims and normalises', () => {
    expect(readPerson(whole).person).toEqual({ given_name: 'Ada', family_name: 'Lovelace', email: null, phone: '+33612345678' });
  });

  it('tells every mistake at once', () => {
    expect(readPerson({ given: '', family: 'x'.repeat(81), email: 'a@', phone: '12' }).mistakes).toEqual({ given: 'required', family: 'too_long', email: 'email', phone: 'phone' });
    expect(readPerson({ ...whole, phone: '' }).mistakes).toEqual({ email: 'contact' });
    expect(readPerson({ ...whole, phone: '' }, false).mistakes).toBeNull();
    expect(readPerson({ ...whole, family: 'x'.repeat(80) }).mistakes).toBeNull();
  });
});

describe('agenda', () => {
  it('applies changes in order', () => {
    const next = applyChanges(view([booking('a', 0, 10)]), [
      { change: 'booking_set', booking: booking('b', 20, 30) },
      { change: 'booking_moved', id: 'a', start_ms: 50, end_ms: 60, place: 'q', overbooked: true },
      { change: 'booking_gone', id: 'b' },
    ]);
    expect(next.bookings).toEqual([{ ...booking('a', 50, 60), place: 'q', overbooked: true }]);
  });

  it('drops what leaves the covered stretch and notices what enters it', () => {
    const here = view([booking('a', 0, 10)]);
    expect(applyChanges(here, [{ change: 'booking_set', booking: booking('a', 1000, 1010) }]).bookings).toEqual([]);
    expect(movedIn(here, [{ change: 'booking_moved', id: 'z', start_ms: 10, end_ms: 20, place: 'p', overbooked: false }])).toBe(true);
    expect(movedIn(here, [{ change: 'booking_moved', id: 'z', start_ms: 1000, end_ms: 1010, place: 'p', overbooked: false }])).toBe(false);
  });

  it('overlaps by intervals: touching is not overlapping', () => {
    const here = view([booking('a', 0, 10), booking('b', 10, 20)]);
    expect(overlapping(here, 5, 10).map((b) => b.id)).toEqual(['a']);
    expect(overlapping(here, 5, 11).map((b) => b.id)).toEqual(['a', 'b']);
    expect(overlapping(here, 0, 20, 'a').map((b) => b.id)).toEqual(['b']);
  });
});

describe('addresses, files, colours', () => {
  it.each([
    ['/', 'home'], ['/p/demo', 'practice'], ['/p/demo/', 'practice'], ['/p/demo/anna', 'booking'], ['/p/demo/anna/rdv/1f', 'manage'], ['/p/demo/anna/rdv', 'unknown'],
    ['/agenda', 'agenda'], ['/agenda/reglages', 'settings'], ['/agenda/equipe', 'team'], ['/agenda/securite', 'security'], ['/agenda/x', 'unknown'], ['/mentions-legales', 'legal'], ['/mes-rendez-vous/cabinet', 'visit'], ['/mes-rendez-vous', 'unknown'], ['/rdv', 'link'], ['/rdv/x', 'unknown'], ['/%E0', 'unknown'],
  ])('%s', (path, screen) => expect(routeOf(path).screen).toBe(screen));

  it('writes a calendar file that is escaped and folded', () => {
    const file = calendarFile({ uid: 'u', start_ms: 0, end_ms: 1_800_000, stamp_ms: 0, summary: 'A; b, c', location: 'é'.repeat(80), description: 'one\ntwo' });
    expect(file).toContain('DTSTART:19700101T000000Z\r\nDTEND:19700101T003000Z');
    expect(file).toContain('SUMMARY:A\\; b\\, c');
    expect(file).toContain('one\\ntwo');
    for (const line of file.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
  });
});
