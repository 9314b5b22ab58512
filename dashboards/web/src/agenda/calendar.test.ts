// What the calendar is fed with.
import { describe, expect, it } from 'vitest';
import type { AppointmentType, OpeningRule, StaffView } from '../lib/wire';
import { changesOf, droppedWall, eventsOf, hiddenDays, hours } from './calendar';

const type: AppointmentType = {
  id: 'k', name: 'Suivi', duration_minutes: 30, buffer_before_minutes: 0, buffer_after_minutes: 0, colour: '#0f766e', online: true, minimum_notice_minutes: 0, booking_window_days: 84, cancellation_cutoff_minutes: 0, daily_cap: null, opens: null,
};
const at = (text: string): number => Date.parse(text);
const rule = (weekday: string, from: string, until: string): OpeningRule => ({ id: weekday + from, weekday, from, until, types: null, place: 'p', weeks: 'every', valid_from: '2026-01-01', valid_until: null, release: null });
const view: StaffView = {
  agenda: 'a', zone: 'Europe/Paris', granularity_minutes: 15, types: [type], rules: [rule('monday', '07:30', '12:00'), rule('saturday', '09:00', '20:30')], exceptions: [],
  bookings: [{ id: 'b', kind: 'k', start_ms: at('2026-11-23T08:00:00Z'), end_ms: at('2026-11-23T08:30:00Z'), place: 'p', person: null, online: true, overbooked: false, series: null, mark: null }],
  holds: [{ id: 'h', kind: 'k', start_ms: at('2026-11-23T09:00:00Z'), end_ms: at('2026-11-23T09:30:00Z'), expires_ms: 100_000 }],
  absences: [], openings: [], covers_from_ms: 0, covers_until_ms: at('2027-01-01T00:00:00Z'), complete_until_ms: at('2027-01-01T00:00:00Z'), delay_minutes: 0, waiting: [],
};
const feed = (now_ms: number, leaving: string[] = [], from_ms = 0) => eventsOf({
  view, zone: 'Europe/Paris', from_ms, until_ms: at('2027-01-01T00:00:00Z'), now_ms, leaving: new Set(leaving), moving: new Set(), ghosts: [{ id: 'g', agenda: 'other', start_ms: 0, end_ms: 1, text: '' }], editable: true,
  words: { absence: 'Absence', erased: 'erased' },
});

describe('events', () => {
  it('stand at the practice’s wall time', () => {
    expect(feed(0).find((event) => event.id === 'b')).toMatchObject({ start: '2026-11-23T09:00:00', end: '2026-11-23T09:30:00', editable: true });
  });

  it('show a hold until the instant it runs out', () => {
    expect(feed(99_999).some((event) => event.id === 'h')).toBe(true);
    expect(feed(100_000).some((event) => event.id === 'h')).toBe(false);
  });

  it('cannot be dragged while leaving', () => {
    expect(feed(0, ['b']).find((event) => event.id === 'b')).toMatchObject({ editable: false, className: 'booking leaving' });
  });

  it('stay away when they end before the stretch looked at', () => {
    expect(feed(0, [], at('2026-11-23T08:29:59Z')).some((event) => event.id === 'b')).toBe(true);
    expect(feed(0, [], at('2026-11-23T08:30:00Z')).some((event) => event.id === 'b')).toBe(false);
  });

  it('keep another agenda’s ghosts out', () => {
    expect(feed(0).some((event) => String(event.id).startsWith('ghost'))).toBe(false);
  });
});

describe('what the calendar is told', () => {
  it('is only what differs', () => {
    const before = changesOf(new Map(), feed(0));
    expect(before.set.map(({ event, known }) => [event.id, known])).toEqual([['h', false], ['b', false]]);
    const after = changesOf(before.told, feed(100_000, ['b']));
    expect(after.gone).toEqual(['h']);
    expect(after.set.map(({ event, known }) => [event.id, known])).toEqual([['b', true]]);
    expect(changesOf(after.told, feed(100_000, ['b']))).toMatchObject({ gone: [], set: [] });
  });
});

describe('a drop', () => {
  it('moves by the wall, across days and midnight', () => {
    expect(droppedWall('2026-11-23T09:00:00', { days: 2, seconds: 1800 })).toBe('2026-11-25T09:30:00');
    expect(droppedWall('2026-11-23T09:00:00', { days: -1, seconds: -9 * 3600 - 900 })).toBe('2026-11-21T23:45:00');
  });

  it('keeps 09:00 at 09:00 over a clock change', () => {
    expect(droppedWall('2026-03-28T09:00:00', { days: 1, seconds: 0 })).toBe('2026-03-29T09:00:00');
  });
});

describe('what is drawn of a week', () => {
  it('hides weekend days on which nothing happens', () => {
    expect(hiddenDays([view], 'Europe/Paris')).toEqual([0]);
    expect(hiddenDays([], 'Europe/Paris')).toEqual([0, 6]);
  });

  it('widens the hours to the rules', () => {
    expect(hours([view])).toEqual({ first: '07:00', last: '21:00' });
    expect(hours([])).toEqual({ first: '08:00', last: '19:00' });
  });
});
