// Codes, secrets and levels as people type and read them.
import { expect, it } from 'vitest';
import { inGroups, isDigits, isRecovery, levelOn, levelsOf, plainCode } from './accounts';

it('takes codes as people type them', () => {
  expect(plainCode(' 012 345 ')).toBe('012345');
  expect([isDigits('012 345'), isDigits('12345'), isDigits('1234567'), isDigits('abcdef')]).toEqual([true, false, false, false]);
  expect([isRecovery('ABCD-EFGH-IJK2'), isRecovery('abcd efgh ijk2'), isRecovery('abcd-efgh-ijk'), isRecovery('abcd-efgh-ijk1')]).toEqual([true, true, false, false]);
});

it('shows secrets in groups of four', () => {
  expect(inGroups('ABCDEFGHIJ').split('\u00a0')).toEqual(['ABCD', 'EFGH', 'IJ']);
  expect(inGroups('')).toBe('');
});

it('says levels shortly and reads them back', () => {
  const chosen = [['a', 'full'], ['b', 'times'], ['c', 'full']] as const;
  const levels = levelsOf(chosen);
  expect(levels).toEqual({ elsewhere: 'full', agendas: [{ agenda: 'b', level: 'times' }] });
  for (const [agenda, level] of chosen) expect(levelOn(levels, agenda)).toBe(level);
  expect(levelOn(levels, 'later')).toBe('full');
  expect(levelsOf([])).toEqual({ elsewhere: 'none', agendas: [] });
});
