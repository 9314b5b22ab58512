// From agendas to the calendar component's options and back: the only file that knows its shapes.

import type { Calendar } from '@event-calendar/core';
import { safe, tint } from '../lib/colour';
import type { Practitioner, StaffBooking, StaffView } from '../lib/wire';
import { addDays, addWallSeconds, timeOf, wallOf } from '../lib/zone';
import type { Ghost } from './desk.svelte';

export type Shown = 'day' | 'week' | 'month';

/** What an event of the calendar stands for. */
export type Meaning =
  | { what: 'booking'; agenda: string; booking: StaffBooking; type: string; name: string; time: string; state: '' | 'leaving' | 'moving' }
  | { what: 'hold'; expires_ms: number; type: string; time: string }
  | { what: 'absence'; agenda: string; id: string; label: string }
  | { what: 'ghost'; text: string; time: string };

export type Words = { absence: string; erased: string };

type Input = {
  view: StaffView; zone: string; from_ms: number; until_ms: number; now_ms: number; leaving: ReadonlySet<string>; moving: ReadonlySet<string>; ghosts: readonly Ghost[]; words: Words; editable: boolean;
};

/** Everything drawn of one agenda between two instants: what lies elsewhere would only cost time. Times are those of the practice's wall, whatever zone the browser is in. */
export function eventsOf({ view, zone, from_ms, until_ms, now_ms, leaving, moving, ghosts, words, editable }: Input): Calendar.EventInput[] {
  const wall = (ms: number): string => wallOf(ms, zone);
  const typeOf = new Map(view.types.map((type) => [type.id, type]));
  const inside = (stretch: { start_ms: number; end_ms: number }): boolean => stretch.start_ms < until_ms && from_ms < stretch.end_ms;
  const base = { resourceIds: [view.agenda] };
  const events: Calendar.EventInput[] = [];
  for (const [index, opening] of view.openings.entries()) {
    if (!inside(opening)) continue;
    events.push({ ...base, id: `o${index}-${view.agenda}`, start: wall(opening.start_ms), end: wall(opening.end_ms), display: 'background', className: 'opening' });
  }
  for (const absence of view.absences) {
    if (!inside(absence)) continue;
    const meaning: Meaning = { what: 'absence', agenda: view.agenda, id: absence.id, label: absence.label || words.absence };
    events.push({ ...base, id: absence.id, start: wall(absence.start_ms), end: wall(absence.end_ms), className: 'absence', editable: false, layoutGroup: 'absence', extendedProps: { meaning } });
  }
  for (const hold of view.holds) {
    // By the clock a run-out hold is free already, whatever the timers do.
    if (hold.expires_ms <= now_ms || !inside(hold)) continue;
    const meaning: Meaning = { what: 'hold', expires_ms: hold.expires_ms, type: typeOf.get(hold.kind)?.name ?? '', time: timeOf(hold.start_ms, zone) };
    events.push({ ...base, id: hold.id, start: wall(hold.start_ms), end: wall(hold.end_ms), className: 'hold', editable: false, extendedProps: { meaning } });
  }
  for (const booking of view.bookings) {
    if (!inside(booking)) continue;
    const type = typeOf.get(booking.kind);
    const colour = type?.colour ?? '';
    const state = leaving.has(booking.id) ? 'leaving' : moving.has(booking.id) ? 'moving' : '';
    const name = booking.person ? `${booking.person.given_name} ${booking.person.family_name}` : words.erased;
    const meaning: Meaning = { what: 'booking', agenda: view.agenda, booking, type: type?.name ?? '', name, time: timeOf(booking.start_ms, zone), state };
    events.push({
      ...base, id: booking.id, start: wall(booking.start_ms), end: wall(booking.end_ms), className: ['booking', state, booking.overbooked ? 'overbooked' : '', booking.mark ?? ''].filter(Boolean).join(' '),
      editable: editable && state === '', durationEditable: false, backgroundColor: tint(colour, 16), textColor: 'var(--ink)',
      styles: [`border-inline-start-color:${safe(colour)}`], extendedProps: { meaning },
    });
  }
  for (const ghost of ghosts) {
    if (ghost.agenda !== view.agenda || !inside(ghost)) continue;
    const meaning: Meaning = { what: 'ghost', text: ghost.text, time: timeOf(ghost.start_ms, zone) };
    events.push({ ...base, id: `ghost-${ghost.id}`, start: wall(ghost.start_ms), end: wall(ghost.end_ms), className: 'ghost', editable: false, extendedProps: { meaning } });
  }
  return events;
}

export function meaningOf(event: Calendar.Event): Meaning | undefined {
  return event.extendedProps['meaning'] as Meaning | undefined;
}

/** Where a dropped booking now starts on the wall. Computed from the distance, so that the browser's own zone plays no part. */
export function droppedWall(wall: string, delta: { days: number; seconds: number }): string {
  const moved = addWallSeconds(wall, delta.seconds);
  return `${addDays(moved.slice(0, 10), delta.days)}${moved.slice(10)}`;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** Weekend days on which nothing ever happens need no column. */
export function hiddenDays(views: readonly StaffView[], zone: string): Calendar.dayOfWeek[] {
  const used = new Set<number>();
  for (const view of views) {
    for (const rule of view.rules) used.add(WEEKDAYS.findIndex((day) => day === rule.weekday));
    // Weekdays by the wall cost a look-up each; only what a rule has not settled is asked for.
    for (const { start_ms } of [...view.bookings, ...view.openings]) {
      if (used.has(0) && used.has(6)) break;
      used.add(new Date(`${wallOf(start_ms, zone)}Z`).getUTCDay());
    }
  }
  return ([0, 6] as const).filter((day) => !used.has(day));
}

/** First and last hour worth drawing, as `HH:00`. */
export function hours(views: readonly StaffView[]): { first: string; last: string } {
  let first = 8;
  let last = 19;
  for (const view of views) {
    for (const rule of view.rules) {
      first = Math.min(first, Number(rule.from.slice(0, 2)));
      last = Math.max(last, Math.ceil(Number(rule.until.slice(0, 2)) + Number(rule.until.slice(3, 5)) / 60));
    }
    for (const opening of view.exceptions) first = Math.min(first, Number(opening.from.slice(0, 2)));
  }
  return { first: `${String(Math.max(0, first)).padStart(2, '0')}:00`, last: `${String(Math.min(24, last)).padStart(2, '0')}:00` };
}

/** The component calls itself a table without being one to a screen reader: plain groups and labelled buttons are the truth. */
export function mendRoles(root: HTMLElement, label: string): void {
  const calendar = root.querySelector('.ec');
  if (!calendar) return;
  if (calendar.getAttribute('role') !== 'group') calendar.setAttribute('role', 'group');
  if (calendar.getAttribute('aria-label') !== label) calendar.setAttribute('aria-label', label);
  // Holds and pending things are there to be seen; nothing can be done with them.
  for (const element of calendar.querySelectorAll('.ec-event.hold[role], .ec-event.ghost[role]')) {
    element.removeAttribute('role');
    element.removeAttribute('tabindex');
  }
  for (const element of calendar.querySelectorAll('[role=row],[role=cell],[role=columnheader],[role=rowgroup],[role=rowheader],[role=listitem],[aria-colindex],[aria-colspan]')) {
    element.removeAttribute('role');
    element.removeAttribute('aria-colindex');
    element.removeAttribute('aria-colspan');
  }
  // The body scrolls: a keyboard must be able to scroll it where it holds nothing to focus.
  const scroller = calendar.querySelector('.ec-main');
  if (scroller && scroller.getAttribute('tabindex') !== '0') scroller.setAttribute('tabindex', '0');
}

export function resourcesOf(practitioners: readonly Practitioner[]): Calendar.ResourceInput[] {
  return practitioners.map((person) => ({ id: person.agenda, title: person.name }));
}

/** What must be told to the calendar so that it draws `next` instead of what it was told before; untouched events stay as they are. */
export function changesOf(before: ReadonlyMap<string, string>, next: readonly Calendar.EventInput[]): { told: Map<string, string>; gone: string[]; set: { event: Calendar.EventInput; known: boolean }[] } {
  const told = new Map(next.map((event) => [String(event.id), JSON.stringify(event)]));
  return {
    told,
    gone: [...before.keys()].filter((id) => !told.has(id)),
    set: next.filter((event) => before.get(String(event.id)) !== told.get(String(event.id))).map((event) => ({ event, known: before.has(String(event.id)) })),
  };
}
