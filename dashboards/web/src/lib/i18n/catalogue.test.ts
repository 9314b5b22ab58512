// Every word exists in both languages.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { en } from './en';
import { fr } from './fr';
import { AUDIT_ACTS } from '../wire';

function shape(value: unknown, path = ''): string[] {
  if (value !== null && typeof value === 'object') return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
  return [`${path}:${typeof value}${typeof value === 'function' ? value.length : ''}`];
}

it('has the same keys, of the same kind, in French and English', () => {
  expect(shape(en).sort()).toEqual(shape(fr).sort());
});

it('is translated: what reads the same in both languages is known to', () => {
  const same = (a: unknown, b: unknown, path = ''): string[] => {
    if (a !== null && typeof a === 'object' && b !== null && typeof b === 'object') return Object.entries(a).flatMap(([key, inner]) => same(inner, (b as Record<string, unknown>)[key], `${path}.${key}`));
    return typeof a === 'string' && a === b ? [path] : [];
  };
  expect(same(fr, en).sort()).toEqual(['.absenceEdit', '.absenceWord', '.accounts.steps.1', '.agenda', '.date', '.email', '.people.relations.parent', '.people.title', '.product']);
});

it('leaves nothing empty', () => {
  const empty = (value: unknown): boolean => (typeof value === 'string' ? value.trim() === '' : value !== null && typeof value === 'object' && Object.values(value).some(empty));
  expect([empty(fr), empty(en)]).toEqual([false, false]);
});

it('translates every refusal of the protocol’s table that a browser can meet', () => {
  const table = readFileSync(new URL('../../../../../proto/README.md', import.meta.url), 'utf8');
  const codes = [...table.matchAll(/^\| `([a-z_]+)` \| \d{3} \|/gm)].map(([, code]) => code ?? '');
  // These speak to programs: a page of ours that meets one is broken, and says so in general words.
  const forPrograms = ['method_not_allowed', 'unsupported_media_type', 'websocket_required', 'ticket_gone', 'too_many_topics', 'internal'];
  expect(codes.length).toBeGreaterThan(25);
  expect(codes.filter((code) => !Object.hasOwn(fr.problems, code) && !forPrograms.includes(code))).toEqual([]);
});

it('names every act of the audit log', () => {
  expect(Object.keys(fr.audit.acts).sort()).toEqual(Object.values(AUDIT_ACTS).sort());
});
