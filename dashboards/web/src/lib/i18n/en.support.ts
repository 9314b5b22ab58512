// English texts of the platform's support, as practices let it in.

import type { support as french } from './fr.support';

export const support: typeof french = {
  title: 'The platform’s support',
  text: 'Nobody of support sees your practice unless you agree. You let them look yourself: one person, one reason, 24 hours at most. They never change anything, the whole practice is told, and the access log keeps each of their looks.',
  nobody: 'Support has nobody for now.',
  grant: 'Let support look',
  dialog: 'Let support look in',
  dialogText: 'They will see every agenda of the practice and can change nothing. You can end it at any time.',
  who: 'Who',
  sees: 'What they see',
  levels: { times: 'times alone', types: 'times and types', full: 'times, types and names' },
  time: 'For',
  hours: (n) => (n > 1 ? `${n} hours` : '1 hour'),
  reason: 'Reason, without naming a patient',
  reasonHint: 'Ten characters at least. The whole practice reads it, and so does support.',
  send: 'Let them look',
  granted: (name) => `${name}, of support, may look.`,
  banners: 'Support’s accesses',
  banner: (name, sees, until) => `Support${name ? ` (${name})` : ''} can see in the agendas ${sees}, until ${until}`,
  end: 'End it',
  ended: 'Support sees nothing any more.',
  by: (who, from, until) => `Granted by ${who || 'a former member'}, from ${from} to ${until}`,
  running: 'running',
  over: 'over',
  former: 'somebody who was of support',
  actor: (name) => `Support (${name})`,
  someone: 'Support',
};
