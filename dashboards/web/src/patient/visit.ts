// What a browser tab remembers of a booking under way, so that a reload or a lost answer harms nothing. Kept in the tab's
// own storage, gone with it; what the patient types is not kept.

import { newId, newSecret } from '../lib/ids';
import type { Slot } from '../lib/wire';

export type Visit = {
  stage: 'holding' | 'held' | 'confirmed';
  kind: string;
  start_ms: number;
  place: string;
  hold_command: string;
  token: string;
  hold: string | null;
  end_ms: number;
  expires_ms: number;
  confirm_command: string;
  release_command: string;
  manage: string;
  booking: string | null;
  manage_path: string | null;
};

const key = (practice: string, practitioner: string): string => `cabinet.visit:${practice}/${practitioner}`;

/** A new attempt at a slot: its numbers and secrets are drawn once and kept for every retry. */
export function begin(kind: string, slot: Slot): Visit {
  return {
    stage: 'holding', kind, start_ms: slot.start_ms, place: slot.place, hold_command: newId(), token: newSecret(), hold: null, end_ms: 0,
    expires_ms: 0, confirm_command: newId(), release_command: newId(), manage: newSecret(), booking: null, manage_path: null,
  };
}

export function remember(practice: string, practitioner: string, visit: Visit | null): void {
  try {
    if (visit) sessionStorage.setItem(key(practice, practitioner), JSON.stringify(visit));
    else sessionStorage.removeItem(key(practice, practitioner));
  } catch {
    // Storage may be refused by the browser's settings: booking works without, only a reload then loses the hold.
  }
}

export function recall(practice: string, practitioner: string): Visit | null {
  try {
    const text = sessionStorage.getItem(key(practice, practitioner));
    return text === null ? null : (JSON.parse(text) as Visit);
  } catch {
    return null;
  }
}

const visitKey = (practice: string): string => `cabinet.bookings:${practice}`;

/** The secret of a look at one's own bookings, as long as the tab is open. */
export function rememberVisit(practice: string, visit: string | null): void {
  try {
    if (visit !== null) sessionStorage.setItem(visitKey(practice), visit);
    else sessionStorage.removeItem(visitKey(practice));
  } catch {
    // Without storage a reload asks for another code.
  }
}

export function recallVisit(practice: string): string | null {
  try {
    return sessionStorage.getItem(visitKey(practice));
  } catch {
    return null;
  }
}
