// English texts of when appointments open.

import type { release as french } from './fr.release';

export const release: typeof french = {
  cap: 'At most, per day',
  capHint: 'Empty: no limit. Counts every appointment of this type, yours too.',
  capInList: (n) => `${n} a day`,
  opens: 'Dates open',
  opensKinds: { rolling: 'day by day', weekly: 'a whole week at a time' },
  opensDay: 'Every',
  at: 'At',
  opensWeek: 'Opens the week',
  weeksAhead: (n) => (n === 1 ? 'after' : `in ${n} weeks`),
  opensInList: (day, at) => `opens ${day} at ${at}`,
  kept: 'Open to patients',
  keptKinds: { always: 'as soon as the type allows', day: 'on the day only', before: 'a few days before only' },
  keptHint: 'Kept for urgencies until then: you can book in it at any time.',
  keptAt: 'From',
  daysBefore: 'Days before',
  keptInList: (days, at) => (days === 0 ? `kept until ${at} on the day` : `kept until ${at}, ${days === 1 ? 'the day before' : `${days} days before`}`),
  capTitle: 'The day’s cap is reached',
  capText: (type, n) => `The cap of ${n} a day for “${type}” is reached on that day.`,
  capAsk: 'Book anyway?',
  capYes: 'Yes, one more',
  reasonCap: (n) => `the cap of ${n} a day is reached`,
  reasonKept: (at) => `kept for urgencies until ${at}`,
  next: (at) => `Next opening: ${at}.`,
};
