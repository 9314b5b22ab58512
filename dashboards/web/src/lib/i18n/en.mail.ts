// English texts about the mails that patients get: what their links open, what staff see of them.
import type { mail as french } from './fr.mail';

export const mail: typeof french = {
  opening: 'Opening the link…',
  badLinkTitle: 'This link opens nothing',
  badLink: 'It is incomplete, too old, or was not made for this. Open the whole link of the last message you got, or call the practice.',
  stopTitle: 'Reminders',
  stopped: 'You will get no more reminders of this appointment. The appointment still stands.',
  resumed: 'You will get the reminders of this appointment again.',
  resume: 'Get them again',
  stop: 'Get no more of them',
  messages: 'Messages to the patient',
  none: 'None so far.',
  kinds: { booked: 'Booking confirmed', moved: 'Move', cancelled: 'Cancellation', reminded: 'Reminder', series_booked: 'Booking confirmed', several_moved: 'Move', several_cancelled: 'Cancellation', delayed: 'Delay', offered: 'Offer' },
  states: { waiting: 'waiting', sent: 'sent', refused: 'refused' },
  unwanted: 'The patient wants no reminders.',
  reminders: 'Reminders by mail',
  remindersHint: 'At the appointment’s own time of day, between 9:00 and 19:00. Also for appointments already made.',
  week: '7 days before',
  day: 'The day before',
};
