// The waiting list's pure part: what wishes mean, in words and for a start.

import type { StaffWaiting, Wishes } from './wire';
import { dayOf, timeOf, weekdayOf } from './zone';

/** In the order of the week, as the protocol names them; `weekdayOf` counts from Monday, 1. */
export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** A Monday, to have names of weekdays made from. */
const A_MONDAY = Date.UTC(2024, 0, 1);

export function weekdayName(index: number, language: string, width: 'short' | 'long'): string {
  return new Intl.DateTimeFormat(language, { weekday: width, timeZone: 'UTC' }).format(A_MONDAY + index * 86_400_000);
}

export const MOMENTS = { any: ['00:00', '24:00'], morning: ['00:00', '13:00'], afternoon: ['12:00', '24:00'] } as const;
export type Moment = keyof typeof MOMENTS;

/** Whether an appointment that begins then is one that these wishes allow, place and notice aside. */
export function couldSuit(wishes: Wishes, start_ms: number, zone: string): boolean {
  const day = dayOf(start_ms, zone);
  const time = timeOf(start_ms, zone);
  return wishes.first_day <= day && day <= wishes.last_day && wishes.weekdays.includes(WEEKDAYS[weekdayOf(day) - 1] ?? '') && wishes.from <= time && time < wishes.until;
}

/** The days in words; `every` stands for all seven. */
export function daysInWords(wishes: Wishes, language: string, every: string): string {
  const named = WEEKDAYS.flatMap((day, index) => (wishes.weekdays.includes(day) ? [weekdayName(index, language, wishes.weekdays.length > 3 ? 'short' : 'long')] : []));
  return named.length === WEEKDAYS.length ? every : named.join(', ');
}

/** In the order in which freed times are offered. */
export function inOrder(list: readonly StaffWaiting[]): StaffWaiting[] {
  return [...list].sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.joined_ms - b.joined_ms || (a.id < b.id ? -1 : 1));
}

/** What an offer's mail gives in place of the entry's own secret is shorter: 29 bytes, written as digits. */
const PASS_DIGITS = 58;

/** Whether what stands behind the # came by mail: it answers the offer and is over with it; it leaves no list and opens no booking. */
export function isPass(secret: string): boolean {
  return secret.length === PASS_DIGITS;
}
