import { expect, test } from 'vitest';
import { age, marks, nameFirst, shownDay } from './faces';

const person = { given_name: 'Élise', family_name: 'Martin', email: 'elise@exemple.fr', phone: '+33639981234' };

test('an age grows on the birthday', () => {
  expect(age('1984-05-12', '2026-05-11')).toBe(41);
  expect(age('1984-05-12', '2026-05-12')).toBe(42);
  expect(age('2026-11-30', '2026-11-30')).toBe(0);
});

test('a face is told apart by birth date and phone, by the address where there is no phone', () => {
  const face = { patient: '1', person, birth_date: '1984-05-12', alert: null };
  expect(nameFirst(person)).toBe('Martin Élise');
  expect(shownDay('1984-05-12', 'fr')).toBe('12/05/1984');
  expect(marks(face, 'fr')).toBe('12/05/1984 · 06\u00a039\u00a098\u00a012\u00a034');
  expect(marks({ ...face, birth_date: null, person: { ...person, phone: null } }, 'fr')).toBe('elise@exemple.fr');
});
