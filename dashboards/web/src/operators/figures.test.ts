// Figures of the operators' page.
import { expect, it } from 'vitest';
import { bytes, curve, rate } from './figures';
import { words } from './words';

it('counts growth a second, and none over a restart', () => {
  expect(rate({ commands: 10, at: 0 }, { commands: 30, at: 2000 })).toBe(10);
  expect(rate({ commands: 30, at: 0 }, { commands: 3, at: 1000 })).toBe(0);
  expect(rate({ commands: 3, at: 5 }, { commands: 9, at: 5 })).toBe(0);
});

it('draws the newest sample at the right and the highest at the top', () => {
  expect(curve([0, 10], 3)).toBe('50.0,29.0 100.0,2.0');
  expect(curve([0, 0], 2)).toBe('0.0,29.0 100.0,29.0');
  expect(curve([], 3)).toBe('');
});

it('writes bytes as people read them', () => {
  expect([bytes(0, 'o'), bytes(1023, 'o'), bytes(1536, 'o'), bytes(50 * 1024 * 1024, 'B')]).toEqual(['0 o', '1023 o', '1.5 Ko', '50 MB']);
});

function shape(value: unknown, path = ''): string[] {
  if (value !== null && typeof value === 'object') return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
  return [`${path}:${typeof value}${typeof value === 'function' ? value.length : ''}`];
}

it('has every word in both languages', () => {
  expect(shape(words.en).sort()).toEqual(shape(words.fr).sort());
});
