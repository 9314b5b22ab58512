// English texts of calendar feeds.

import type { feeds as french } from './fr.feeds';

export const feeds: typeof french = {
  title: 'In my calendar',
  text: 'Your phone or computer can follow an agenda: times, reasons and places, never patients’ names. Keep the address like a password; it shows nothing any more once you may no longer see the agenda.',
  make: 'Make an address',
  again: 'New address',
  end: 'Stop',
  since: (day: string) => `Followed since ${day}`,
  none: 'Not followed yet',
  made: (name: string) => `The address of ${name}’s calendar`,
  madeText: 'Copy it into your calendar application now, as a subscription: it will not be shown again. A former address, if there was one, no longer works.',
  copy: 'Copy the address',
  endTitle: 'Stop this calendar?',
  endText: 'Calendars that follow this address will show nothing new.',
  ended: 'The address shows nothing any more.',
};
