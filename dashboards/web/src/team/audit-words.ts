// An entry of the audit log as a sentence.

import { isRole } from '../lib/accounts';
import type { Catalogue } from '../lib/i18n/fr';
import type { AuditSaid } from '../lib/wire';
import { formatInstant } from '../lib/zone';

/** What an entry's note says: of an agenda how much of it was seen, of a card what explains its reading. */
function noted({ act, note }: AuditSaid, words: Catalogue['audit']): string {
  if (act === 'patient.viewed') return note === 'appointment' ? words.explained : words.lastOn(note);
  return act.startsWith('agenda.') && note in words.seen ? words.seen[note as keyof typeof words.seen] : note;
}

export function sentence(said: AuditSaid, t: Catalogue, agenda: string, zone: string, language: 'fr' | 'en'): string {
  const words = t.audit;
  const role = said.role !== null && isRole(said.role) ? t.accounts.roles[said.role] : null;
  const supports = said.actor === 'staff' && said.role === 'support';
  const someone = supports ? (said.name === null ? t.support.someone : t.support.actor(said.name)) : said.actor === 'bearer' ? words.patient : said.actor === 'server' ? words.server : (said.name ?? words.former);
  const act = (words.acts as Record<string, string>)[said.act] ?? said.act;
  const parts = [`${someone}${role ? ` (${role})` : ''} : ${act}`];
  if (agenda) parts.push(words.agendaOf(agenda));
  if (said.from_ms !== null && said.until_ms !== null) {
    const day = (instant: number): string => formatInstant(instant, zone, language, { day: 'numeric', month: 'short' });
    parts.push(said.act.startsWith('agenda.') ? words.days(day(said.from_ms), day(said.until_ms - 1)) : words.on(formatInstant(said.from_ms, zone, language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })));
  }
  if (said.note) parts.push(noted(said, words));
  if (said.denied) parts.push(words.denied(said.count));
  return parts.join(', ');
}
