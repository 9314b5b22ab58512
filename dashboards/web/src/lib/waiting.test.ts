// Wishes in words and for a start; a staff view as the waiting list's changes alter it.
import { expect, it } from 'vitest';
import { applyChanges } from './agenda';
import { couldSuit, daysInWords, inOrder, isPass } from './waiting';
import type { StaffView, StaffWaiting, Wishes } from './wire';

const ZONE = 'Europe/Paris';
const wishes: Wishes = { weekdays: ['monday', 'friday'], from: '09:00', until: '13:00', first_day: '2026-11-23', last_day: '2026-12-04', notice_minutes: 0, place: null };
const at = (wall: string): number => Date.parse(`${wall}+01:00`);
const entry = (id: string, changed: Partial<StaffWaiting> = {}): StaffWaiting => ({ id, kind: 'k', person: null, wishes, urgent: false, joined_ms: 1, passed: 0, offer: null, ...changed });
const view = (waiting: StaffWaiting[]): StaffView => ({
  agenda: 'a', zone: ZONE, granularity_minutes: 15, types: [], bookings: [], holds: [], absences: [], rules: [], exceptions: [], openings: [], covers_from_ms: 0, covers_until_ms: 1000, complete_until_ms: 1000, delay_minutes: 0, waiting,
});

it('says of a start whether it could suit, at each edge', () => {
  const table: [string, boolean][] = [
    ['2026-11-23T09:00', true], ['2026-11-23T08:59', false], ['2026-11-23T12:59', true], ['2026-11-23T13:00', false],
    ['2026-11-24T10:00', false], ['2026-12-04T10:00', true], ['2026-12-07T10:00', false], ['2026-11-20T10:00', false],
  ];
  expect(table.map(([wall]) => couldSuit(wishes, at(wall), ZONE))).toEqual(table.map(([, suits]) => suits));
  expect(couldSuit({ ...wishes, until: '24:00' }, at('2026-11-23T23:45'), ZONE)).toBe(true);
});

it('names days in both languages, and all of them as every day', () => {
  expect(daysInWords(wishes, 'fr', 'tous')).toBe('lundi, vendredi');
  expect(daysInWords(wishes, 'en', 'all')).toBe('Monday, Friday');
  expect(daysInWords({ ...wishes, weekdays: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] }, 'fr', 'tous')).toBe('tous');
});

it('puts urgent ones first, then who has waited longest', () => {
  const all = [entry('late', { joined_ms: 3 }), entry('early', { joined_ms: 2 }), entry('urgent', { joined_ms: 9, urgent: true })];
  expect(inOrder(all).map((one) => one.id)).toEqual(['urgent', 'early', 'late']);
});

it('follows offers: held, let pass, booked', () => {
  const offered = applyChanges(view([entry('one'), entry('two')]), [{ change: 'waiting_offered', id: 'one', hold: 'h' }, { change: 'waiting_urgent', id: 'two', urgent: true }]);
  expect(offered.waiting).toEqual([entry('one', { offer: 'h' }), entry('two', { urgent: true })]);
  const passed = applyChanges(offered, [{ change: 'hold_gone', id: 'h' }]);
  expect(passed.waiting[0]).toEqual(entry('one', { passed: 1 }));
  const booking = { id: 'one', kind: 'k', start_ms: 1, end_ms: 2, place: 'p', person: null, online: true, overbooked: false, series: null, mark: null };
  expect(applyChanges(offered, [{ change: 'hold_gone', id: 'h' }, { change: 'booking_set', booking }]).waiting.map((one) => one.id)).toEqual(['two']);
  expect(applyChanges(offered, [{ change: 'waiting_gone', id: 'two' }, { change: 'waiting_set', entry: entry('three') }]).waiting.map((one) => one.id)).toEqual(['one', 'three']);
});

it('tells what a mail gives from the own secret by its length', () => {
  expect(isPass('0'.repeat(58))).toBe(true);
  expect(isPass('0'.repeat(64))).toBe(false);
  expect(isPass('')).toBe(false);
});
