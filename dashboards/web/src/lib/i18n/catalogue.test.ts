// Every word exists in both languages.
import { expect, it } from 'vitest';
import { en } from './en';
import { fr } from './fr';

function shape(value: unknown, path = ''): string[] {
  if (value !== null && typeof value === 'object') return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
  return [`${path}:${typeof value}${typeof value === 'function' ? value.length : ''}`];
}

it('has the same keys, of the same kind, in French and English', () => {
  expect(shape(en).sort()).toEqual(shape(fr).sort());
});

it('leaves nothing empty', () => {
  const empty = (value: unknown): boolean => (typeof value === 'string' ? value.trim() === '' : value !== null && typeof value === 'object' && Object.values(value).some(empty));
  expect([empty(fr), empty(en)]).toEqual([false, false]);
});

it('translates every refusal the domain can give', () => {
  const codes = ['not_configured', 'invalid', 'type_unknown', 'type_not_online', 'already_exists', 'not_found', 'slot_taken', 'outside_hours', 'absent', 'off_grid', 'in_the_past', 'too_soon',
    'too_far_ahead', 'hold_gone', 'hold_expired', 'not_yours', 'booking_unknown', 'too_late_to_cancel', 'command_id_reused', 'too_many', 'not_expired_yet'];
  expect(codes.filter((code) => !Object.hasOwn(fr.problems, code))).toEqual([]);
});
