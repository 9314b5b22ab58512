// How a patient is written in lists.

import type { PatientFace, Person } from '../lib/wire';
import { shownPhone } from '../lib/validation';
import { formatDay } from '../lib/zone';

/** Family name first, as registers are read. */
export const nameFirst = (person: Person): string => `${person.family_name} ${person.given_name}`;

/** Whole years between two days, `YYYY-MM-DD`. */
export function age(born: string, today: string): number {
  const years = Number(today.slice(0, 4)) - Number(born.slice(0, 4));
  return today.slice(5) < born.slice(5) ? years - 1 : years;
}

export const shownDay = (day: string, language: string): string => formatDay(day, language, { day: '2-digit', month: '2-digit', year: 'numeric' });

/** What tells two people of one name apart. */
export function marks(face: PatientFace, language: string): string {
  const { phone, email } = face.person;
  return [face.birth_date && shownDay(face.birth_date, language), phone && shownPhone(phone), !phone && email].filter(Boolean).join(' · ');
}
