// The free slots of a board: how frames change them and what is shown of them. Pure; the server's time is handed in.

import type { Slot, TypeSlotChanges, TypeSlots } from './wire';
import { dayOf, timeOf } from './zone';

/** Free slots by type, then by start. Never changed in place. */
export type SlotTable = ReadonlyMap<string, ReadonlyMap<number, Slot>>;

/** A start of a type that came or went. */
export type Touched = { kind: string; start_ms: number; slot: Slot };

export function fromSnapshot(types: readonly TypeSlots[]): SlotTable {
  return new Map(types.map((type) => [type.kind, new Map(type.slots.map((slot) => [slot.start_ms, slot]))]));
}

/** Applies one delta; tells what really went and came, so that screens can show it. New bounds alone are neither. */
export function merge(table: SlotTable, changes: readonly TypeSlotChanges[]): { table: SlotTable; gone: Touched[]; come: Touched[] } {
  const next = new Map(table);
  const gone: Touched[] = [];
  const come: Touched[] = [];
  for (const change of changes) {
    const before = table.get(change.kind) ?? new Map<number, Slot>();
    const slots = new Map(before);
    for (const start of change.removed_ms) slots.delete(start);
    for (const slot of change.added) slots.set(slot.start_ms, slot);
    for (const [start_ms, slot] of before) if (!slots.has(start_ms)) gone.push({ kind: change.kind, start_ms, slot });
    for (const [start_ms, slot] of slots) if (!before.has(start_ms)) come.push({ kind: change.kind, start_ms, slot });
    next.set(change.kind, slots);
  }
  return { table: next, gone, come };
}

/** What differs between two whole states (a rejoin): shown like a delta. */
export function difference(before: SlotTable, after: SlotTable): { gone: Touched[]; come: Touched[] } {
  const list = (of: SlotTable, other: SlotTable): Touched[] =>
    [...of].flatMap(([kind, slots]) =>
      [...slots].filter(([start]) => !other.get(kind)?.has(start)).map(([start_ms, slot]) => ({ kind, start_ms, slot })));
  return { gone: list(before, after), come: list(after, before) };
}

/** Whether a slot can be booked now: its lower bound included, its upper excluded. */
export function bookable(slot: Slot, now: number): boolean {
  return slot.from_ms <= now && now < slot.until_ms;
}

/** The slots of a type bookable now, ascending. */
export function visible(table: SlotTable, kind: string, now: number): Slot[] {
  return [...(table.get(kind)?.values() ?? [])].filter((slot) => bookable(slot, now)).sort((a, b) => a.start_ms - b.start_ms);
}

/** When more slots of a type open next; null: none are known, or each date opens at its own midnight, which nobody waits for. */
export function nextOpening(table: SlotTable, kind: string, now: number, zone: string): number | null {
  const coming = [...(table.get(kind)?.values() ?? [])].filter((slot) => slot.from_ms > now && slot.from_ms < slot.until_ms && timeOf(slot.from_ms, zone) !== '00:00');
  return coming.length === 0 ? null : Math.min(...coming.map((slot) => slot.from_ms));
}

/** Slots by local day. */
export function byDay(slots: readonly Slot[], zone: string): Map<string, Slot[]> {
  const days = new Map<string, Slot[]>();
  for (const slot of slots) {
    const day = dayOf(slot.start_ms, zone);
    const list = days.get(day);
    if (list) list.push(slot);
    else days.set(day, [slot]);
  }
  return days;
}
