// An agenda as staff see it, and how changes alter it. Pure.

import type { StaffBooking, StaffChange, StaffPart, StaffView } from './wire';

function set<T extends { id: string }>(list: readonly T[], item: T): T[] {
  return [...list.filter((other) => other.id !== item.id), item];
}

function without<T extends { id: string }>(list: readonly T[], id: string): T[] {
  return list.filter((item) => item.id !== id);
}

/** The view after the changes, in order. A booking that now lies outside the covered stretch leaves it. */
export function applyChanges(view: StaffView, changes: readonly StaffChange[]): StaffView {
  return changes.reduce(applyChange, view);
}

/** The view with one more part of its stretch. What a change has already brought is replaced: the part is no older. */
export function withPart(view: StaffView, part: StaffPart): StaffView {
  const brought = new Set(part.bookings.map((booking) => booking.id));
  return {
    ...view,
    bookings: [...view.bookings.filter((booking) => !brought.has(booking.id)), ...part.bookings],
    openings: [...view.openings, ...part.openings],
    complete_until_ms: part.complete_until_ms,
  };
}

/** Whether nothing of the stretch is missing. */
export function isComplete(view: StaffView): boolean {
  return view.complete_until_ms >= view.covers_until_ms;
}

function applyChange(view: StaffView, change: StaffChange): StaffView {
  switch (change.change) {
    case 'booking_set': {
      const { booking } = change;
      const covered = booking.start_ms < view.covers_until_ms && booking.end_ms > view.covers_from_ms;
      const waiting = without(view.waiting, booking.id); // what came of an offer has the entry's id
      return { ...view, waiting, bookings: covered ? set(view.bookings, booking) : without(view.bookings, booking.id) };
    }
    case 'booking_moved': {
      const known = view.bookings.find((booking) => booking.id === change.id);
      return known ? applyChange(view, { change: 'booking_set', booking: { ...known, ...movedFields(change) } }) : view;
    }
    case 'booking_gone': return { ...view, bookings: without(view.bookings, change.id) };
    case 'hold_set': return { ...view, holds: set(view.holds, change.hold) };
    case 'hold_gone': return { ...view, holds: without(view.holds, change.id), waiting: view.waiting.map((entry) => (entry.offer === change.id ? { ...entry, offer: null, passed: entry.passed + 1 } : entry)) };
    case 'absence_set': return { ...view, absences: set(view.absences, change.absence) };
    case 'absence_gone': return { ...view, absences: without(view.absences, change.id) };
    case 'series_set': {
      const place = new Map(change.bookings.map((id, index) => [id, { series: change.series, number: index + 1, of: change.bookings.length }]));
      return { ...view, bookings: view.bookings.map((booking) => ({ ...booking, series: place.get(booking.id) ?? booking.series })) };
    }
    case 'mark_set': return { ...view, bookings: view.bookings.map((booking) => (booking.id === change.id ? { ...booking, mark: change.mark } : booking)) };
    case 'delay_set': return { ...view, delay_minutes: change.minutes };
    case 'waiting_set': return { ...view, waiting: set(view.waiting, change.entry) };
    case 'waiting_gone': return { ...view, waiting: without(view.waiting, change.id) };
    case 'waiting_urgent': return { ...view, waiting: view.waiting.map((entry) => (entry.id === change.id ? { ...entry, urgent: change.urgent } : entry)) };
    case 'waiting_offered': return { ...view, waiting: view.waiting.map((entry) => (entry.id === change.id ? { ...entry, offer: change.hold } : entry)) };
  }
}

/** Bookings that share time with a stretch, earliest first; buffers are the server's affair. */
export function overlapping(view: StaffView, start: number, end: number, except?: string): StaffBooking[] {
  return view.bookings.filter((b) => b.id !== except && b.start_ms < end && start < b.end_ms).sort((a, b) => a.start_ms - b.start_ms);
}

/** Whether the agenda is open for a type during the whole stretch. */
export function isOpen(view: StaffView, start: number, end: number, kind: string): boolean {
  return view.openings.some((o) => o.start_ms <= start && end <= o.end_ms && (o.types === null || o.types.includes(kind)));
}

type Moved = Extract<StaffChange, { change: 'booking_moved' }>;

/** What was said of a booking was said of its former time. */
function movedFields({ start_ms, end_ms, place, overbooked }: Moved): Pick<StaffBooking, 'start_ms' | 'end_ms' | 'place' | 'overbooked' | 'mark'> {
  return { start_ms, end_ms, place, overbooked, mark: null };
}

/** Whether a move speaks of a booking this view does not hold: it came from outside the covered stretch, so only a new join shows it. */
export function movedIn(view: StaffView, changes: readonly StaffChange[]): boolean {
  return changes.some((change) => change.change === 'booking_moved' && change.start_ms < view.covers_until_ms && change.end_ms > view.covers_from_ms
    && !view.bookings.some((booking) => booking.id === change.id)
    && !changes.some((other) => other.change === 'booking_set' && other.booking.id === change.id));
}
