// What people type and read of accounts: codes, secrets, levels. Pure.

import type { Levels } from './wire';

/** A code as it is sent: without the spaces and dashes people put in, in small letters. */
export function plainCode(text: string): string {
  return text.replace(/[\s\-\u00a0\u202f]/g, '').toLowerCase();
}

/** Whether it can be a code of an application. */
export function isDigits(text: string): boolean {
  return /^\d{6}$/.test(plainCode(text));
}

/** Whether it can be a recovery code. */
export function isRecovery(text: string): boolean {
  return /^[a-z2-7]{12}$/.test(plainCode(text));
}

/** A secret in groups of four, to be read and typed. */
export function inGroups(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, '$1\u00a0');
}

export const LEVELS = ['none', 'times', 'types', 'full', 'manage'] as const;
export type LevelName = (typeof LEVELS)[number];
export const ROLES = ['owner', 'practitioner', 'replacement', 'secretary', 'accountant'] as const;
export type RoleName = (typeof ROLES)[number];

export function isLevel(text: string): text is LevelName {
  return (LEVELS as readonly string[]).includes(text);
}

export function isRole(text: string): text is RoleName {
  return (ROLES as readonly string[]).includes(text);
}

/** The level on one agenda. */
export function levelOn(levels: Levels, agenda: string): LevelName {
  const named = levels.agendas.find((one) => one.agenda === agenda)?.level ?? levels.elsewhere;
  return isLevel(named) ? named : 'none';
}

/** Levels per agenda as they are sent: the commonest for all, the others by name. */
export function levelsOf(chosen: ReadonlyArray<readonly [string, LevelName]>): Levels {
  const counts = new Map<LevelName, number>();
  for (const [, level] of chosen) counts.set(level, (counts.get(level) ?? 0) + 1);
  const elsewhere = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'none';
  return { elsewhere, agendas: chosen.filter(([, level]) => level !== elsewhere).map(([agenda, level]) => ({ agenda, level })) };
}
