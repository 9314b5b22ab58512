// Why a time cannot be had, in words. Pure but for the catalogue.

import { i18n } from '../lib/i18n/index.svelte';
import type { StaffView, WhyReason } from '../lib/wire';
import { formatInstant, timeOf } from '../lib/zone';
import { nameOf } from './desk.svelte';

/** One line a reason, as this desk may know it. */
export function inWords(reason: WhyReason, view: StaffView | undefined, zone: string): string {
  const words = i18n.t.course.reasons;
  const at = reason.at_ms === null ? '' : formatInstant(reason.at_ms, zone, i18n.language, { day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' });
  switch (reason.code) {
    case 'type_unknown': return words.type_unknown;
    case 'type_not_online': return words.type_not_online;
    case 'in_the_past': return words.in_the_past;
    case 'too_soon': return words.too_soon(at);
    case 'too_far_ahead': return words.too_far_ahead(at);
    case 'off_grid': return words.off_grid;
    case 'cap_reached': return i18n.t.release.reasonCap(reason.cap ?? 0);
    case 'kept_back': return i18n.t.release.reasonKept(at);
    case 'absent': return words.absent(reason.label ?? '');
    case 'outside_hours': {
      const open = reason.openings.map((one) => i18n.t.fromTo(timeOf(one.start_ms, zone), timeOf(one.end_ms, zone))).join(', ');
      if (reason.holiday && open === '') return words.outside_holiday;
      const first = reason.other_types ? words.outside_other : words.outside_hours;
      return open === '' ? first : `${first} ; ${words.outside_open(open)}`;
    }
    case 'slot_taken': {
      if (reason.booking === null) return words.held(reason.at_ms === null ? '' : timeOf(reason.at_ms, zone));
      const booking = view?.bookings.find((one) => one.id === reason.booking);
      const who = booking ? `${timeOf(booking.start_ms, zone)}${booking.person ? ` ${nameOf(booking.person)}` : ''}` : i18n.t.course.another;
      return reason.buffer_only ? words.buffer(who) : words.taken(who);
    }
    default: return i18n.t.problems.other;
  }
}
