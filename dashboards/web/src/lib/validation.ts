// What a form may hold. The server checks again; this is for kind and early words. Returned keys name the message.

import type { Person } from './wire';

export type PersonForm = { given: string; family: string; email: string; phone: string };
export type Mistake = 'required' | 'too_long' | 'email' | 'phone' | 'contact';
export type Mistakes = Partial<Record<keyof PersonForm, Mistake>>;

export const NAME_CHARACTERS_MAX = 80;
export const EMAIL_CHARACTERS_MAX = 254;

/** French prefixes by department: a national number starting so belongs to an overseas country code. */
const OVERSEAS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^0(590|690|691)/, '590'], [/^0(594|694)/, '594'], [/^0(596|696|697)/, '596'], [/^0(262|263|692|693|269|639)/, '262'],
];

/** E.164, or null when it is not a number one can call. French national numbers are understood. */
export function normalisePhone(input: string): string | null {
  let digits = input.replace(/[\s.\-()/\u00a0\u202f]/g, '').replace(/^(\+33|0033)0/, '$1');
  if (digits.startsWith('00')) digits = `+${digits.slice(2)}`;
  if (/^0[1-9]\d{8}$/.test(digits)) {
    const country = OVERSEAS.find(([pattern]) => pattern.test(digits))?.[1] ?? '33';
    return `+${country}${digits.slice(1)}`;
  }
  if (/^\+33\d+$/.test(digits)) return /^\+33[1-9]\d{8}$/.test(digits) ? digits : null;
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : null;
}

/** A number as one reads it in France: `01 99 00 00 42`. Others stay as they are. */
export function shownPhone(number: string): string {
  return number.replace(/^\+33([1-9])(\d\d)(\d\d)(\d\d)(\d\d)$/, '0$1\u00a0$2\u00a0$3\u00a0$4\u00a0$5');
}

/** Whether it can be an e-mail address: one @, no spaces, a dotted domain. */
export function isEmail(input: string): boolean {
  return input.length <= EMAIL_CHARACTERS_MAX && /^[^\s@,;<>"]+@[^\s@.,;<>"]+(\.[^\s@.,;<>"]+)+$/.test(input);
}

/** The person to send, or what is wrong. `contact` stands at the e-mail field when both contacts are missing. */
export function readPerson(form: PersonForm, contactNeeded = true): { person: Person; mistakes: null } | { person: null; mistakes: Mistakes } {
  const mistakes: Mistakes = {};
  const given = form.given.trim();
  const family = form.family.trim();
  const email = form.email.trim();
  const phone = form.phone.trim();
  if (given === '') mistakes.given = 'required';
  else if ([...given].length > NAME_CHARACTERS_MAX) mistakes.given = 'too_long';
  if (family === '') mistakes.family = 'required';
  else if ([...family].length > NAME_CHARACTERS_MAX) mistakes.family = 'too_long';
  if (email === '' && phone === '' && contactNeeded) mistakes.email = 'contact';
  if (email !== '' && !isEmail(email)) mistakes.email = 'email';
  const normalised = phone === '' ? null : normalisePhone(phone);
  if (phone !== '' && normalised === null) mistakes.phone = 'phone';
  if (Object.keys(mistakes).length > 0) return { person: null, mistakes };
  return { person: { given_name: given, family_name: family, email: email || null, phone: normalised }, mistakes: null };
}
