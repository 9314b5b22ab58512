// Generated from proto/v1 by `UPDATE=1 cargo test -p cabinet-proto --test typescript`. Do not edit.

/**
 * A refusal or error.
 */
export type Problem = { 
/**
 * `urn:cabinet:problem:<code>`.
 */
type: string, 
/**
 * Stable code from the one table.
 */
code: string, 
/**
 * Short English title; screens translate by code.
 */
title: string, 
/**
 * HTTP status.
 */
status: number, 
/**
 * What exactly, without personal data.
 */
detail: string | null, 
/**
 * A time that belongs to the reason (cut-off, opening of the window).
 */
at_ms: number | null, };

/**
 * An appointment type as patients and staff see it.
 */
export type AppointmentType = { 
/**
 * Id, 32 hexadecimal digits.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Length in minutes.
 */
duration_minutes: number, 
/**
 * Minutes kept free before.
 */
buffer_before_minutes: number, 
/**
 * Minutes kept free after.
 */
buffer_after_minutes: number, 
/**
 * `#rrggbb`.
 */
colour: string, 
/**
 * Bookable by patients.
 */
online: boolean, 
/**
 * Least notice in minutes.
 */
minimum_notice_minutes: number, 
/**
 * Days ahead that can be booked.
 */
booking_window_days: number, 
/**
 * Patients may cancel until this many minutes before.
 */
cancellation_cutoff_minutes: number, 
/**
 * So many a day at most, for patients; none: no cap.
 */
daily_cap: number | null, 
/**
 * The weekly moment at which a week opens to patients; none: each date opens `booking_window_days` before, at midnight.
 */
opens: WeeklyOpening | null, };

/**
 * "Every Monday at 08:00 the week after next opens."
 */
export type WeeklyOpening = { 
/**
 * `monday`..`sunday`.
 */
weekday: string, 
/**
 * `HH:MM`.
 */
at: string, 
/**
 * So many weeks before the week that opens, 1 to 52.
 */
weeks_ahead: number, };

/**
 * Until when an opening is kept back from patients.
 */
export type Release = { 
/**
 * So many days before its date, 0 (on the day itself) to 60.
 */
days_before: number, 
/**
 * `HH:MM`.
 */
at: string, };

/**
 * A free slot.
 */
export type Slot = { 
/**
 * Start.
 */
start_ms: number, 
/**
 * Place id.
 */
place: string, 
/**
 * Bookable from this instant.
 */
from_ms: number, 
/**
 * Bookable until this instant, itself excluded.
 */
until_ms: number, };

/**
 * Free slots of one type.
 */
export type TypeSlots = { 
/**
 * Type id.
 */
kind: string, 
/**
 * Slots, ascending.
 */
slots: Array<Slot>, };

/**
 * Changed slots of one type.
 */
export type TypeSlotChanges = { 
/**
 * Type id.
 */
kind: string, 
/**
 * Starts no longer free.
 */
removed_ms: number[], 
/**
 * Slots now free (or with new bounds).
 */
added: Array<Slot>, };

/**
 * A place.
 */
export type Place = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Address in one line.
 */
address: string, };

/**
 * A practitioner's public face.
 */
export type Practitioner = { 
/**
 * Agenda id.
 */
agenda: string, 
/**
 * Address of the public page.
 */
slug: string, 
/**
 * Name.
 */
name: string, 
/**
 * Profession.
 */
profession: string, 
/**
 * `#rrggbb`.
 */
colour: string, 
/**
 * IANA zone of the agenda.
 */
zone: string, };

/**
 * A person's identity and contacts. Only ever sent to staff of the practice, or by the person.
 */
export type Person = { 
/**
 * Given name.
 */
given_name: string, 
/**
 * Family name.
 */
family_name: string, 
/**
 * E-mail.
 */
email: string | null, 
/**
 * Phone, E.164.
 */
phone: string | null, };

/**
 * A booking as staff see it. Who sees times alone gets neither type nor place (empty) nor person.
 */
export type StaffBooking = { 
/**
 * Id.
 */
id: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Place id.
 */
place: string, 
/**
 * Who; none once the patient is erased.
 */
person: Person | null, 
/**
 * Made online.
 */
online: boolean, 
/**
 * Deliberately overlaps others.
 */
overbooked: boolean, 
/**
 * Its place in a series; none: booked alone, or types are not seen.
 */
series: SeriesPlace | null, 
/**
 * What was said last of it: `arrived`, `in_session`, `seen`, `excused`, `no_show`; none: nothing yet.
 */
mark: string | null, };

/**
 * A live hold as staff see it; the type is empty for who sees times alone.
 */
export type StaffHold = { 
/**
 * Id.
 */
id: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Free again from then.
 */
expires_ms: number, };

/**
 * An absence as staff see it; the label is empty for who does not see names.
 */
export type StaffAbsence = { 
/**
 * Id.
 */
id: string, 
/**
 * From.
 */
start_ms: number, 
/**
 * Until.
 */
end_ms: number, 
/**
 * Label.
 */
label: string, };

/**
 * A stretch in which the agenda is open, for the background of the staff's screen.
 */
export type StaffOpening = { 
/**
 * From.
 */
start_ms: number, 
/**
 * Until.
 */
end_ms: number, 
/**
 * Place id.
 */
place: string, 
/**
 * Type ids accepted; none: all.
 */
types: Array<string> | null, };

/**
 * A weekly rule on the wire, both ways.
 */
export type OpeningRule = { 
/**
 * Id.
 */
id: string, 
/**
 * `monday`..`sunday`.
 */
weekday: string, 
/**
 * `HH:MM`.
 */
from: string, 
/**
 * `HH:MM`, up to `24:00`.
 */
until: string, 
/**
 * Type ids accepted; none: all.
 */
types: Array<string> | null, 
/**
 * Place id.
 */
place: string, 
/**
 * `every`, `a` or `b`.
 */
weeks: string, 
/**
 * First day.
 */
valid_from: string, 
/**
 * Last day; none: until changed.
 */
valid_until: string | null, 
/**
 * When patients may book in it; none: it is not kept back.
 */
release: Release | null, };

/**
 * An exceptional opening on the wire, both ways.
 */
export type ExceptionalOpening = { 
/**
 * Id.
 */
id: string, 
/**
 * `YYYY-MM-DD`.
 */
date: string, 
/**
 * `HH:MM`.
 */
from: string, 
/**
 * `HH:MM`, up to `24:00`.
 */
until: string, 
/**
 * Type ids accepted; none: all.
 */
types: Array<string> | null, 
/**
 * Place id.
 */
place: string, 
/**
 * When patients may book in it; none: it is not kept back.
 */
release: Release | null, };

/**
 * A whole agenda as staff see it.
 */
export type StaffView = { 
/**
 * Agenda id.
 */
agenda: string, 
/**
 * IANA zone.
 */
zone: string, 
/**
 * Step between starts, in minutes.
 */
granularity_minutes: number, 
/**
 * Offered types, then retired ones still in use.
 */
types: Array<AppointmentType>, 
/**
 * Bookings inside the covered stretch.
 */
bookings: Array<StaffBooking>, 
/**
 * Live holds.
 */
holds: Array<StaffHold>, 
/**
 * Absences.
 */
absences: Array<StaffAbsence>, 
/**
 * Weekly rules.
 */
rules: Array<OpeningRule>, 
/**
 * Exceptional openings.
 */
exceptions: Array<ExceptionalOpening>, 
/**
 * Openings inside the covered stretch, computed.
 */
openings: Array<StaffOpening>, 
/**
 * The covered stretch starts here...
 */
covers_from_ms: number, 
/**
 * ... and ends here. Ask again for other weeks.
 */
covers_until_ms: number, 
/**
 * Bookings and openings that start from here on are missing: on a session, `part` frames bring them. Equal to
 * `covers_until_ms`: nothing is missing.
 */
complete_until_ms: number, 
/**
 * How many minutes late the practitioner runs today; 0: not.
 */
delay_minutes: number, 
/**
 * Who waits for a freed time; nobody for who does not see names.
 */
waiting: Array<StaffWaiting>, };

/**
 * What a view lacks of a part of its stretch.
 */
export type StaffPart = { 
/**
 * Bookings that start inside the part.
 */
bookings: Array<StaffBooking>, 
/**
 * Openings that start inside the part.
 */
openings: Array<StaffOpening>, 
/**
 * The view is now complete up to here.
 */
complete_until_ms: number, };

/**
 * The privacy notice of a practice (GDPR art. 13).
 */
export type Notice = { 
/**
 * Version, sent back at confirmation.
 */
version: number, 
/**
 * French text; paragraphs separated by blank lines.
 */
french: string, 
/**
 * English text.
 */
english: string, };

/**
 * A practice's public face.
 */
export type PublicPractice = { 
/**
 * Address of the page.
 */
slug: string, 
/**
 * Name.
 */
name: string, 
/**
 * Phone as shown.
 */
phone: string, 
/**
 * E-mail as shown.
 */
email: string, 
/**
 * Legal identity (mentions légales).
 */
legal: string, 
/**
 * Practitioners.
 */
practitioners: Array<Practitioner>, 
/**
 * Places.
 */
places: Array<Place>, 
/**
 * The notice to show now.
 */
notice: Notice | null, };

/**
 * What a patient's page needs beside the live slots.
 */
export type PublicPage = { 
/**
 * The practice.
 */
practice: PublicPractice, 
/**
 * The practitioner.
 */
practitioner: Practitioner, 
/**
 * Online types.
 */
types: Array<AppointmentType>, 
/**
 * Where the practitioner receives patients for online types; `practice.places` lists every place of the practice.
 */
places: Array<Place>, 
/**
 * The server's clock.
 */
now_ms: number, 
/**
 * How long a hold lasts, in seconds.
 */
hold_ttl_seconds: number, };

/**
 * Free slots now.
 */
export type PublicSlots = { 
/**
 * History id.
 */
history: string, 
/**
 * Position.
 */
seq: number, 
/**
 * The server's clock.
 */
now_ms: number, 
/**
 * By type.
 */
types: Array<TypeSlots>, };

/**
 * Hold a slot.
 */
export type HoldRequest = { 
/**
 * The sender's number for the command, 32 hexadecimal digits.
 */
command_id: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * Secret drawn by the sender, 32..=64 hexadecimal digits; owns the hold. Drawn by the client, so that a retry after
 * a lost answer still owns it.
 */
token: string, };

/**
 * A hold.
 */
export type HoldAnswer = { 
/**
 * Its id.
 */
hold: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Free again from then.
 */
expires_ms: number, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * Give a hold back.
 */
export type ReleaseRequest = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * The hold's secret.
 */
token: string, };

/**
 * Turn a hold into a booking.
 */
export type ConfirmRequest = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * The hold's secret.
 */
token: string, 
/**
 * Who; e-mail or phone at least.
 */
person: Person, 
/**
 * Version of the notice shown.
 */
notice_version: number, 
/**
 * Secret drawn by the sender for the manage link, 32..=64 hexadecimal digits.
 */
manage: string, 
/**
 * Language of the mails about it: `fr` or `en`. None: French.
 */
locale?: string, };

/**
 * A booking made by a patient.
 */
export type ConfirmAnswer = { 
/**
 * Its id.
 */
booking: string, 
/**
 * Path of the page that shows and cancels it; the secret goes behind `#`.
 */
manage_path: string, 
/**
 * Sequence.
 */
seq: number, };

/**
 * Asks for the code that opens one's bookings of a practice. The answer is the same whether there are any.
 */
export type VisitRequest = { 
/**
 * Address that was given when booking.
 */
email: string, 
/**
 * Language of the mail: `fr` or `en`.
 */
locale: string, };

/**
 * What stands behind the `#` of a link in a mail.
 */
export type LinkRequest = { 
/**
 * The link, as it stands there.
 */
link: string, };

/**
 * Ends or resumes reminders.
 */
export type RemindersRequest = { 
/**
 * The link, as it stands behind the `#`.
 */
link: string, 
/**
 * Whether they are wanted.
 */
wanted: boolean, };

/**
 * What a link of a mail opens.
 */
export type LinkOpened = { 
/**
 * `manage`: see and cancel the booking; `reminders`: end its reminders; `offer`: see one's waiting entry and answer its offer.
 */
purpose: string, 
/**
 * Page address of the practice.
 */
practice: string, 
/**
 * Page address of the practitioner.
 */
practitioner: string, 
/**
 * Id of the booking, or of the waiting entry.
 */
booking: string, 
/**
 * What shows and cancels the booking in place of a manage link's secret, or stands in for the waiting entry's.
 */
manage: string, };

/**
 * A mail about a booking.
 */
export type BookingMessage = { 
/**
 * `booked`, `moved` or `reminded`.
 */
kind: string, 
/**
 * When it was done with; while it waits, when it was written down.
 */
at_ms: number, 
/**
 * `waiting`, `sent` or `refused`.
 */
state: string, };

/**
 * The mails about a booking.
 */
export type BookingMessages = { 
/**
 * The oldest first; those that wait last.
 */
messages: Array<BookingMessage>, 
/**
 * Whether the patient wants reminders.
 */
reminders_wanted: boolean, };

/**
 * Which reminders a type has.
 */
export type ReminderSwitch = { 
/**
 * Id of the type.
 */
kind: string, 
/**
 * `week`: seven days before; `day`: the day before.
 */
on: Array<string>, };

/**
 * Which reminders the types of an agenda have.
 */
export type ReminderSettings = { 
/**
 * Type by type.
 */
types: Array<ReminderSwitch>, 
/**
 * Reminders of the practice that ought to have been sent an hour ago, and were not.
 */
late: number, };

/**
 * Opens one's bookings with the code that was mailed.
 */
export type VisitCode = { 
/**
 * Address that was given when booking.
 */
email: string, 
/**
 * Eight digits.
 */
code: string, };

/**
 * A visit that was opened.
 */
export type VisitHolder = { 
/**
 * Its secret.
 */
visit: string, };

/**
 * Cancels one of one's bookings in a visit.
 */
export type VisitCancel = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * The visit's secret.
 */
visit: string, 
/**
 * Page address of the practitioner.
 */
practitioner: string, 
/**
 * The booking.
 */
booking: string, };

/**
 * One's bookings of a practice.
 */
export type PatientVisit = { 
/**
 * The visit's secret.
 */
visit: string, 
/**
 * The visit lasts until then.
 */
until_ms: number, 
/**
 * Those to come first, the nearest first, then those past; at most fifty.
 */
bookings: Array<VisitedBooking>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * One of one's bookings.
 */
export type VisitedBooking = { 
/**
 * Its id.
 */
booking: string, 
/**
 * With whom.
 */
practitioner: Practitioner, 
/**
 * Name of its type.
 */
kind: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Place.
 */
place: Place | null, 
/**
 * Can be cancelled here until then; none: by telephone alone.
 */
cancel_until_ms: number | null, };

/**
 * Look at one's booking.
 */
export type ManageRequest = { 
/**
 * The manage link's secret.
 */
manage: string, };

/**
 * One's booking.
 */
export type ManagedBooking = { 
/**
 * Its id.
 */
booking: string, 
/**
 * Type.
 */
kind: AppointmentType, 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Place.
 */
place: Place | null, 
/**
 * Can be cancelled until then.
 */
cancel_until_ms: number, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * How late the practitioner runs, for whoever has an appointment that day which has not begun.
 */
export type DelayFace = { 
/**
 * Minutes; 0: not, or the appointment is on another day.
 */
delay_minutes: number, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * Cancel one's booking.
 */
export type CancelRequest = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * The manage link's secret.
 */
manage: string, };

/**
 * The command is durable.
 */
export type Accepted = { 
/**
 * Sequence of its last event.
 */
seq: number, };

/**
 * Sign in with a one-time link's secret.
 */
export type SignInRequest = { 
/**
 * The secret.
 */
link: string, };

/**
 * Opens one socket of the session that asked for it, once.
 */
export type SocketTicket = { 
/**
 * The secret, for the handshake's `Sec-WebSocket-Protocol`.
 */
ticket: string, 
/**
 * Good until then.
 */
until_ms: number, };

/**
 * Who is signed in, and what they work on.
 */
export type StaffMe = { 
/**
 * Name.
 */
staff: string, 
/**
 * Role in the practice.
 */
role: string, 
/**
 * Whether they signed in to an account, with two factors.
 */
account: boolean, 
/**
 * Their level on each agenda of the practice; may change while they look: ask again after a `resync`.
 */
levels: Array<AgendaLevel>, 
/**
 * Emergency accesses that stand: one's own; for an owner, everybody's.
 */
glasses: Array<GlassFace>, 
/**
 * Grants by which the platform's support looks in now: everybody of the practice is told.
 */
supports: Array<SupportFace>, 
/**
 * Members who are locked after a grave alert, for an owner.
 */
locks: Array<LockFace>, 
/**
 * A newer contract that waits to be accepted by an owner; none: none does.
 */
contract: ContractFace | null, 
/**
 * The practice.
 */
practice: PublicPractice, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * An agenda at a position.
 */
export type StaffAgenda = { 
/**
 * History id.
 */
history: string, 
/**
 * Position.
 */
seq: number, 
/**
 * The server's clock.
 */
now_ms: number, 
/**
 * The agenda.
 */
view: StaffView, };

/**
 * A command with its number.
 */
export type StaffCommandRequest = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * What.
 */
command: StaffCommand, };

/**
 * What staff deliberately allow.
 */
export type Allowances = { 
/**
 * Overlap other bookings.
 */
overlap: boolean, 
/**
 * Outside openings or inside an absence.
 */
outside_hours: boolean, 
/**
 * More of a type on one date than its daily cap.
 */
over_cap: boolean, };

/**
 * What staff may ask of an agenda. Ids of new things are drawn by the sender (32 hexadecimal digits).
 */
export type StaffCommand = { "do": "book", 
/**
 * Id for the booking.
 */
booking: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * For whom.
 */
person: Person, 
/**
 * A patient of the register whom it is for; none: somebody who has no card yet.
 */
patient?: string, 
/**
 * Deliberate exceptions.
 */
allow: Allowances, } | { "do": "move", 
/**
 * Which booking.
 */
booking: string, 
/**
 * New start.
 */
start_ms: number, 
/**
 * Deliberate exceptions.
 */
allow: Allowances, } | { "do": "cancel", 
/**
 * Which booking.
 */
booking: string, } | { "do": "add_absence", 
/**
 * The absence.
 */
absence: StaffAbsence, } | { "do": "remove_absence", 
/**
 * Which.
 */
id: string, } | { "do": "set_type", 
/**
 * The type.
 */
kind: AppointmentType, } | { "do": "retire_type", 
/**
 * Which.
 */
id: string, } | { "do": "open_hours", 
/**
 * The rule.
 */
rule: OpeningRule, } | { "do": "change_hours", 
/**
 * The rule.
 */
rule: OpeningRule, } | { "do": "close_hours", 
/**
 * Which.
 */
id: string, } | { "do": "open_exceptionally", 
/**
 * The opening.
 */
opening: ExceptionalOpening, } | { "do": "close_exception", 
/**
 * Which.
 */
id: string, } | { "do": "book_series", 
/**
 * Id for the series.
 */
series: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * 2 to 60 sessions, in order of time.
 */
sessions: Array<SessionAt>, 
/**
 * For whom.
 */
person: Person, 
/**
 * A patient of the register whom it is for; none: somebody who has no card yet.
 */
patient?: string, 
/**
 * Deliberate exceptions.
 */
allow: Allowances, } | { "do": "move_bookings", 
/**
 * Which and to when, at most 60.
 */
moves: Array<SessionAt>, 
/**
 * Deliberate exceptions.
 */
allow: Allowances, } | { "do": "cancel_bookings", 
/**
 * Which, at most 60.
 */
bookings: Array<string>, } | { "do": "mark_booking", 
/**
 * Which booking.
 */
booking: string, 
/**
 * `arrived`, `in_session`, `seen`, `excused`, `no_show`; none takes back what was said.
 */
mark: string | null, } | { "do": "announce_delay", 
/**
 * Minutes, at most 240; 0: no longer.
 */
minutes: number, } | { "do": "remove_waiting", 
/**
 * Which entry.
 */
entry: string, } | { "do": "set_waiting_urgent", 
/**
 * Which entry.
 */
entry: string, 
/**
 * Whether they come before the others.
 */
urgent: boolean, };

/**
 * A booking's place among those that were booked with it.
 */
export type SeriesPlace = { 
/**
 * Id of the series.
 */
series: string, 
/**
 * Which session, from 1.
 */
number: number, 
/**
 * How many were booked together.
 */
of: number, };

/**
 * One booking of several, and when.
 */
export type SessionAt = { 
/**
 * Id of the booking; drawn by the sender for a new one.
 */
booking: string, 
/**
 * Start.
 */
start_ms: number, };

/**
 * What is wished for: "12 sessions, Tuesdays and Thursdays about 18:00".
 */
export type SeriesPlanRequest = { 
/**
 * Type id.
 */
kind: string, 
/**
 * First day, `YYYY-MM-DD`, in the agenda's zone.
 */
first: string, 
/**
 * `monday`..`sunday`.
 */
weekdays: Array<string>, 
/**
 * 1: every week; at most 8.
 */
every_weeks: number, 
/**
 * `HH:MM`.
 */
about: string, 
/**
 * So many sessions, 2 to 60.
 */
count: number, };

/**
 * The dates found, as they are now. Nothing is held: booking them is one act that takes all or none.
 */
export type SeriesPlan = { 
/**
 * In order of time, until as many are free as were wished for; those that cannot be had stand between them.
 */
dates: Array<SeriesDate>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * One date of a plan.
 */
export type SeriesDate = { 
/**
 * Start wished for.
 */
start_ms: number, 
/**
 * What keeps staff from booking it; empty: nothing.
 */
reasons: Array<WhyReason>, 
/**
 * Free starts near it, nearest first, when it cannot be had.
 */
alternatives_ms: number[], };

/**
 * The bookings of a series that still stand, without names.
 */
export type SeriesBookings = { 
/**
 * In order of time.
 */
bookings: Array<StaffBooking>, };

/**
 * Everything that keeps a patient from taking a start.
 */
export type WhyNot = { 
/**
 * In the order in which it is looked at: the first is what a patient would be refused for. Empty: it is free.
 */
reasons: Array<WhyReason>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * One thing that excludes a start. Which fields are set depends on the code.
 */
export type WhyReason = { 
/**
 * The code of the refusal that it leads to.
 */
code: string, 
/**
 * Whether it binds patients alone: staff may book all the same.
 */
patients_alone: boolean, 
/**
 * `too_far_ahead`, `kept_back`: from when on; `too_soon`: until when it was; `slot_taken` by a hold: until when.
 */
at_ms: number | null, 
/**
 * `slot_taken`: the booking that has part of it; none when a patient is just taking it.
 */
booking: string | null, 
/**
 * `slot_taken`: only the time kept free around an appointment is in the way.
 */
buffer_only: boolean, 
/**
 * `absent`: which absence.
 */
absence: string | null, 
/**
 * `absent`: its label, for who sees names.
 */
label: string | null, 
/**
 * `outside_hours`: the openings of that day for this type.
 */
openings: Array<Stretch>, 
/**
 * `outside_hours`: openings take other types there.
 */
other_types: boolean, 
/**
 * `outside_hours`: a public holiday on which the agenda is closed.
 */
holiday: boolean, 
/**
 * `cap_reached`: how many a day that is.
 */
cap: number | null, };

/**
 * A stretch of time.
 */
export type Stretch = { 
/**
 * From.
 */
start_ms: number, 
/**
 * Until.
 */
end_ms: number, };

/**
 * Bookings of the last days whose outcome nobody has said, newest first.
 */
export type Unfilled = { 
/**
 * How many there are.
 */
count: number, 
/**
 * The newest of them.
 */
bookings: Array<StaffBooking>, };

/**
 * A frame from the server.
 */
export type BoardFrame = { "event": "snapshot", 
/**
 * Protocol version.
 */
version: number, 
/**
 * History id.
 */
history: string, 
/**
 * Position.
 */
seq: number, 
/**
 * The server's clock, for windows, notice and countdowns.
 */
now_ms: number, 
/**
 * Free slots of every online type.
 */
types: Array<TypeSlots>, } | { "event": "resumed", 
/**
 * Protocol version.
 */
version: number, 
/**
 * History id.
 */
history: string, 
/**
 * Position the client named.
 */
seq: number, 
/**
 * The server's clock.
 */
now_ms: number, } | { "event": "delta", 
/**
 * Position before.
 */
from: number, 
/**
 * Position after.
 */
to: number, 
/**
 * The server's clock when it was sent.
 */
now_ms: number, 
/**
 * What changed.
 */
types: Array<TypeSlotChanges>, } | { "event": "types_changed", 
/**
 * Position before.
 */
from: number, 
/**
 * Position after.
 */
to: number, };

/**
 * A frame from the client. `ref` comes back in the answer.
 */
export type ClientFrame = { "event": "join", 
/**
 * Comes back in the answer.
 */
ref: number, 
/**
 * Agenda id.
 */
topic: string, 
/**
 * History id of the position.
 */
history: string | null, 
/**
 * Position.
 */
seq: number | null, 
/**
 * Start of the stretch of bookings wanted.
 */
from_ms: number, 
/**
 * End of it; at most 400 days later.
 */
until_ms: number, } | { "event": "leave", 
/**
 * Comes back in the answer.
 */
ref: number, 
/**
 * Agenda id.
 */
topic: string, } | { "event": "command", 
/**
 * Comes back in the answer.
 */
ref: number, 
/**
 * Agenda id.
 */
topic: string, 
/**
 * The sender's number for the command, 32 hexadecimal digits: repeat it to repeat the command harmlessly.
 */
command_id: string, 
/**
 * What.
 */
command: StaffCommand, } | { "event": "presence", 
/**
 * Comes back in the answer.
 */
ref: number, 
/**
 * Agenda id.
 */
topic: string, };

/**
 * A frame from the server.
 */
export type ServerFrame = { "event": "welcome", 
/**
 * Protocol version.
 */
version: number, 
/**
 * The server's clock.
 */
now_ms: number, 
/**
 * Name of the member of staff.
 */
staff: string, } | { "event": "snapshot", 
/**
 * The join's.
 */
ref: number, 
/**
 * Agenda id.
 */
topic: string, 
/**
 * History id.
 */
history: string, 
/**
 * Position.
 */
seq: number, 
/**
 * The server's clock.
 */
now_ms: number, 
/**
 * The agenda.
 */
view: StaffView, } | { "event": "part", 
/**
 * Agenda id.
 */
topic: string, 
/**
 * Position: every delta up to it has been sent before.
 */
seq: number, 
/**
 * What the view lacked.
 */
part: StaffPart, } | { "event": "resumed", 
/**
 * The join's.
 */
ref: number, 
/**
 * Agenda id.
 */
topic: string, 
/**
 * History id.
 */
history: string, 
/**
 * Position the client named.
 */
seq: number, 
/**
 * The server's clock.
 */
now_ms: number, } | { "event": "delta", 
/**
 * Agenda id.
 */
topic: string, 
/**
 * Position before.
 */
from: number, 
/**
 * Position after.
 */
to: number, 
/**
 * The server's clock when it was sent.
 */
now_ms: number, 
/**
 * In order.
 */
changes: Array<StaffChange>, } | { "event": "practice_changed", 
/**
 * The server's clock.
 */
now_ms: number, } | { "event": "alerts_changed", 
/**
 * The server's clock.
 */
now_ms: number, } | { "event": "resync", 
/**
 * Agenda id.
 */
topic: string, } | { "event": "accepted", 
/**
 * The command's.
 */
ref: number, 
/**
 * Sequence of its last event.
 */
seq: number, } | { "event": "refused", 
/**
 * The frame's, when it could be read.
 */
ref: number | null, 
/**
 * Why.
 */
problem: Problem, } | { "event": "done", 
/**
 * The frame's.
 */
ref: number, } | { "event": "present", 
/**
 * Agenda id.
 */
topic: string, 
/**
 * Names, sorted.
 */
staff: Array<string>, };

/**
 * One change of an agenda as staff see it. `set` inserts or replaces by id.
 */
export type StaffChange = { "change": "booking_set", 
/**
 * The booking.
 */
booking: StaffBooking, } | { "change": "booking_moved", 
/**
 * Its id.
 */
id: string, 
/**
 * New start.
 */
start_ms: number, 
/**
 * New end.
 */
end_ms: number, 
/**
 * New place id.
 */
place: string, 
/**
 * Whether it now deliberately overlaps others.
 */
overbooked: boolean, } | { "change": "booking_gone", 
/**
 * Its id.
 */
id: string, } | { "change": "hold_set", 
/**
 * The hold.
 */
hold: StaffHold, } | { "change": "hold_gone", 
/**
 * Its id.
 */
id: string, } | { "change": "absence_set", 
/**
 * The absence.
 */
absence: StaffAbsence, } | { "change": "absence_gone", 
/**
 * Its id.
 */
id: string, } | { "change": "series_set", 
/**
 * Id of the series.
 */
series: string, 
/**
 * Booking ids in order of time: the first is number 1.
 */
bookings: Array<string>, } | { "change": "mark_set", 
/**
 * Booking id.
 */
id: string, 
/**
 * `arrived`, `in_session`, `seen`, `excused`, `no_show`; none: nothing any more.
 */
mark: string | null, } | { "change": "delay_set", 
/**
 * Minutes.
 */
minutes: number, } | { "change": "waiting_set", 
/**
 * Who, for what.
 */
entry: StaffWaiting, } | { "change": "waiting_gone", 
/**
 * The entry's id.
 */
id: string, } | { "change": "waiting_urgent", 
/**
 * The entry's id.
 */
id: string, 
/**
 * Whether they come before the others.
 */
urgent: boolean, } | { "change": "waiting_offered", 
/**
 * The entry's id.
 */
id: string, 
/**
 * The hold's.
 */
hold: string, };

/**
 * First step of signing in.
 */
export type PasswordSignIn = { 
/**
 * E-mail address of the account.
 */
email: string, 
/**
 * Password.
 */
password: string, };

/**
 * The password was right: the second factor is asked for.
 */
export type Challenge = { 
/**
 * To be sent back with the code.
 */
challenge: string, 
/**
 * Good until then.
 */
until_ms: number, };

/**
 * Second step of signing in.
 */
export type SecondFactor = { 
/**
 * Of the first step.
 */
challenge: string, 
/**
 * Six digits of the application, or a recovery code.
 */
code: string, 
/**
 * After `lock_to_acknowledge`: the only owner has seen why they are locked, and is released by signing in.
 */
acknowledged?: boolean, };

/**
 * What a practice is asked to accept.
 */
export type ContractFace = { 
/**
 * Names of the documents: `terms`, `processing`.
 */
documents: Array<string>, 
/**
 * The practice is read-only from then on without it.
 */
accept_by_ms: number, 
/**
 * It is.
 */
read_only: boolean, };

/**
 * An owner accepts documents for the practice, in the versions in force.
 */
export type ContractAcceptance = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * In which language they were read: `fr` or `en`.
 */
locale: string, 
/**
 * In what quality they sign for the practice.
 */
quality: string, 
/**
 * Version of the terms.
 */
terms: number | null, 
/**
 * Version of the processing contract.
 */
processing: number | null, 
/**
 * Version of the policy.
 */
policy: number | null, };

/**
 * Asks for a link by mail, for a password that was forgotten. The answer is the same whether there is such an account or not.
 */
export type ForgottenRequest = { 
/**
 * Address of the account.
 */
email: string, };

/**
 * A link's secret.
 */
export type LinkHolder = { 
/**
 * The secret.
 */
link: string, };

/**
 * What a link is good for.
 */
export type LinkPurpose = "join" | "activate" | "reset" | "sign_in";

/**
 * What a link gives, before it is used.
 */
export type LinkFace = { 
/**
 * What it is good for.
 */
purpose: LinkPurpose, 
/**
 * Name of the practice.
 */
practice: string, 
/**
 * Name of the member; none for whoever is invited and has not said it yet.
 */
staff: string | null, 
/**
 * Role that it gives.
 */
role: string, };

/**
 * Begins an account: the password is judged, a second factor is proposed.
 */
export type ActivationRequest = { 
/**
 * The link's secret.
 */
link: string, 
/**
 * Name as colleagues will see it; for invitations.
 */
name: string | null, 
/**
 * E-mail address to sign in with.
 */
email: string, 
/**
 * Password.
 */
password: string, };

/**
 * A second factor to be put into an application (RFC 6238).
 */
export type Enrolment = { 
/**
 * The secret in base 32, for typing.
 */
secret: string, 
/**
 * The same as an address that applications open.
 */
uri: string, 
/**
 * The address as a picture to be scanned (SVG document).
 */
picture: string, 
/**
 * To be finished by then.
 */
until_ms: number, };

/**
 * Finishes an account with the application's first code.
 */
export type ActivationCode = { 
/**
 * The link's secret.
 */
link: string, 
/**
 * Six digits.
 */
code: string, };

/**
 * The account stands, and its owner is signed in.
 */
export type Activated = { 
/**
 * Who.
 */
me: StaffMe, 
/**
 * Codes for the day the telephone is lost; shown once.
 */
recovery_codes: Array<string>, };

/**
 * Chooses another password with a link; the second factor is still asked for.
 */
export type ResetRequest = { 
/**
 * The link's secret.
 */
link: string, 
/**
 * New password.
 */
password: string, 
/**
 * Six digits of the application, or a recovery code.
 */
code: string, };

/**
 * One's own account.
 */
export type AccountFace = { 
/**
 * E-mail address.
 */
email: string, 
/**
 * Name.
 */
staff: string, 
/**
 * Role in the practice.
 */
role: string, 
/**
 * Recovery codes not used yet.
 */
recovery_codes_left: number, 
/**
 * The password was last changed then.
 */
password_since_ms: number, 
/**
 * The second factor counts as recent until then; in the past: it has to be shown again first.
 */
stepped_up_until_ms: number, 
/**
 * Whether passkeys are offered here.
 */
passkeys_offered: boolean, 
/**
 * Passkeys, the oldest first; at most ten.
 */
passkeys: Array<PasskeyFace>, 
/**
 * Sign-ins that stand, this one first, then the latest used.
 */
sessions: Array<AccountSession>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * A sign-in that stands.
 */
export type AccountSession = { 
/**
 * Its id; tells nothing of its token.
 */
id: string, 
/**
 * Browser and system, as far as they say.
 */
device: string, 
/**
 * Network it signed in from: the first half of the address.
 */
network: string, 
/**
 * Signed in then.
 */
since_ms: number, 
/**
 * Last use that was noted, to ten minutes.
 */
used_ms: number, 
/**
 * This very one.
 */
current: boolean, };

/**
 * Shows the second factor again, or for the first time.
 */
export type StepUpRequest = { 
/**
 * Six digits of the application, or a recovery code where it says so.
 */
code: string, };

/**
 * The second factor was shown.
 */
export type SteppedUp = { 
/**
 * It counts as recent until then.
 */
until_ms: number, };

/**
 * Changes the password; every other sign-in ends.
 */
export type PasswordChange = { 
/**
 * Password until now.
 */
current: string, 
/**
 * New password.
 */
password: string, };

/**
 * New recovery codes; the former are void. Shown once.
 */
export type RecoveryCodes = { 
/**
 * The codes.
 */
codes: Array<string>, };

/**
 * Ends sign-ins.
 */
export type SessionEnd = { 
/**
 * Which; none: all but this one.
 */
session: string | null, };

/**
 * A document that practices accept, in force.
 */
export type DocumentFace = { 
/**
 * `terms`, `processing` (the contract of GDPR art. 28) or `policy`.
 */
name: string, 
/**
 * Version, from 1.
 */
version: number, 
/**
 * French text: the title is its first line, paragraphs are separated by blank lines.
 */
french: string, 
/**
 * English text.
 */
english: string, 
/**
 * SHA-256 of the French text, in hexadecimal.
 */
french_sha256: string, 
/**
 * SHA-256 of the English text.
 */
english_sha256: string, };

/**
 * The documents in force.
 */
export type Documents = { 
/**
 * All of them.
 */
documents: Array<DocumentFace>, 
/**
 * Whether a new practice may sign up here.
 */
sign_up_open: boolean, };

/**
 * Begins a practice.
 */
export type SignUpRequest = { 
/**
 * Name of the practice.
 */
practice: string, 
/**
 * Its address, on one line.
 */
address: string, 
/**
 * Its phone, as shown.
 */
phone: string, 
/**
 * Name of the owner.
 */
name: string, 
/**
 * In what quality they sign for the practice.
 */
quality: string, 
/**
 * Their profession, as shown.
 */
profession: string, 
/**
 * RPPS, if given.
 */
rpps: string | null, 
/**
 * ADELI, if given.
 */
adeli: string | null, 
/**
 * SIREN, if given.
 */
siren: string | null, 
/**
 * SIRET, if given.
 */
siret: string | null, 
/**
 * E-mail address to sign in with.
 */
email: string, 
/**
 * Password.
 */
password: string, 
/**
 * `fr` or `en`: in which language the documents were shown.
 */
locale: string, 
/**
 * Version of the terms that was accepted.
 */
terms: number | null, 
/**
 * Version of the processing contract that was accepted.
 */
processing: number | null, 
/**
 * Version of the privacy policy that was read.
 */
policy: number | null, };

/**
 * What looks wrong with an identifier; it is kept as it is.
 */
export type IdentifierDoubt = { 
/**
 * `rpps`, `adeli`, `siren` or `siret`.
 */
identifier: string, 
/**
 * `identifier_length`, `identifier_character` or `identifier_check_digit`.
 */
doubt: string, };

/**
 * A practice is begun: the second factor is proposed.
 */
export type SignUpBegun = { 
/**
 * To be sent back with the code.
 */
sign_up: string, 
/**
 * The second factor.
 */
enrolment: Enrolment, 
/**
 * What looks wrong with the identifiers.
 */
doubts: Array<IdentifierDoubt>, };

/**
 * Finishes a practice with the application's first code.
 */
export type SignUpCode = { 
/**
 * Of the first step.
 */
sign_up: string, 
/**
 * Six digits.
 */
code: string, };

/**
 * A level on one agenda.
 */
export type AgendaLevel = { 
/**
 * Agenda id.
 */
agenda: string, 
/**
 * `none`, `times`, `types`, `full` or `manage`.
 */
level: string, };

/**
 * Levels on the practice's agendas.
 */
export type Levels = { 
/**
 * On every agenda not named below, also those added later.
 */
elsewhere: string, 
/**
 * On the agendas named.
 */
agendas: Array<AgendaLevel>, };

/**
 * What a membership gives.
 */
export type MembershipFace = { 
/**
 * `owner`, `practitioner`, `replacement`, `secretary` or `accountant`.
 */
role: string, 
/**
 * Levels.
 */
levels: Levels, 
/**
 * The agenda in which they receive.
 */
agenda: string | null, 
/**
 * Start; none: at once.
 */
from_ms: number | null, 
/**
 * End; required of replacements.
 */
until_ms: number | null, };

/**
 * Somebody who belongs to the practice.
 */
export type MemberFace = { 
/**
 * Their id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * What their membership gives.
 */
membership: MembershipFace, 
/**
 * Whether it stands now: it has begun and has not ended.
 */
stands: boolean, 
/**
 * Whether it is who asks.
 */
you: boolean, 
/**
 * Whether they have an account with two factors.
 */
has_account: boolean, 
/**
 * Whether it is closed because it was not used for too long; a link opens it again.
 */
account_disabled: boolean, };

/**
 * An invitation that nobody has used yet.
 */
export type InvitationFace = { 
/**
 * Its id.
 */
id: string, 
/**
 * What it gives.
 */
membership: MembershipFace, 
/**
 * Name of who invited.
 */
invited_by: string, 
/**
 * Good until then.
 */
expires_ms: number, };

/**
 * Who belongs to the practice.
 */
export type Members = { 
/**
 * Members, by name.
 */
members: Array<MemberFace>, 
/**
 * Invitations; empty for whoever may not invite.
 */
invitations: Array<InvitationFace>, 
/**
 * Whether who asks may invite, change and remove.
 */
may_change: boolean, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * Invites somebody.
 */
export type InviteRequest = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * What it gives.
 */
membership: MembershipFace, 
/**
 * Where the link is mailed to, beside being shown; none: nowhere.
 */
email?: string, };

/**
 * An invitation was made. The link is shown once.
 */
export type InvitationMade = { 
/**
 * Its id.
 */
invitation: string, 
/**
 * Path of the link, to be put behind the server's address; its secret stands behind `#`.
 */
path: string, 
/**
 * Whether it will be mailed.
 */
mailed: boolean, 
/**
 * Good until then, once.
 */
expires_ms: number, };

/**
 * A one-time link for a member: makes their account, or lets them choose another password.
 */
export type MemberLink = { 
/**
 * Path of the link, as above.
 */
path: string, 
/**
 * Good until then, once.
 */
expires_ms: number, };

/**
 * Changes a member's role, levels or dates.
 */
export type MemberChange = { 
/**
 * The sender's number for the command.
 */
command_id: string, 
/**
 * What the membership gives from now on.
 */
membership: MembershipFace, };

/**
 * A change that needs nothing but its number.
 */
export type NumberedRequest = { 
/**
 * The sender's number for the command.
 */
command_id: string, };

/**
 * Opens an agenda one has no right to, in an emergency: with a reason, for an hour at most, noted and told to the owners at once.
 */
export type BreakGlassRequest = { 
/**
 * The sender's number for the request.
 */
command_id: string, 
/**
 * Why, in a few words; never about a patient by name.
 */
reason: string, 
/**
 * For how long, 1 to 60 minutes.
 */
minutes: number, };

/**
 * An emergency access that stands.
 */
export type GlassFace = { 
/**
 * Its id.
 */
id: string, 
/**
 * Agenda that it opens.
 */
agenda: string, 
/**
 * Name of who opened it.
 */
staff: string, 
/**
 * Whether it is one's own.
 */
yours: boolean, 
/**
 * Why.
 */
reason: string, 
/**
 * It ends then.
 */
until_ms: number, };

/**
 * What somebody said to an alert.
 */
export type AlertAnswer = { 
/**
 * Name of who answered, while they belong to the practice.
 */
by: string | null, 
/**
 * When.
 */
at_ms: number, 
/**
 * "That was me", by the member it is about; else: looked into.
 */
mine: boolean, 
/**
 * Why it is all right, or what was done.
 */
reason: string, };

/**
 * One alert: a rule that a member's accesses broke on a day.
 */
export type AlertFace = { 
/**
 * Its id.
 */
id: string, 
/**
 * The rule: `bulk_viewing`, `new_device`...
 */
rule: string, 
/**
 * `notice`, `warning` or `critical`.
 */
gravity: string, 
/**
 * About whom.
 */
member: string, 
/**
 * Their name, while they belong to the practice.
 */
name: string | null, 
/**
 * First time on that day.
 */
first_ms: number, 
/**
 * Last time.
 */
last_ms: number, 
/**
 * How often.
 */
count: number, 
/**
 * Other rules that spoke about the same member within a day, and made it as grave as it is.
 */
supported_by: Array<string>, 
/**
 * What was said to it; none while it is open.
 */
answer: AlertAnswer | null, 
/**
 * Whether it may be answered "that was me".
 */
may_be_mine: boolean, };

/**
 * Alerts that one may see: of the whole practice, or about oneself.
 */
export type Alerts = { 
/**
 * Newest days first.
 */
alerts: Array<AlertFace>, 
/**
 * Whether they are the whole practice's.
 */
everything: boolean, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * Answers an alert.
 */
export type AlertAnswerRequest = { 
/**
 * "That was me": by the member it is about alone; the rule is then quiet about them for some weeks.
 */
mine: boolean, 
/**
 * Why it is all right, or what was done: 1 to 300 bytes, nothing about a patient; may be empty for "that was me".
 */
reason: string, };

/**
 * How often a rule spoke.
 */
export type AlertCount = { 
/**
 * The rule.
 */
rule: string, 
/**
 * How grave.
 */
gravity: string, 
/**
 * How often.
 */
count: number, };

/**
 * An alert about a network, the installation or one of the team.
 */
export type InstallationAlert = { 
/**
 * Its id.
 */
id: string, 
/**
 * The rule.
 */
rule: string, 
/**
 * `notice`, `warning` or `critical`.
 */
gravity: string, 
/**
 * The network; empty where it is about none.
 */
detail: string, 
/**
 * Who of the team; none: about nobody of it.
 */
member: string | null, 
/**
 * First time on that day.
 */
first_ms: number, 
/**
 * Last time.
 */
last_ms: number, 
/**
 * How often.
 */
count: number, 
/**
 * What was said to it; none while it is open.
 */
answer: AlertAnswer | null, };

/**
 * A session of somebody: whose, by ids alone.
 */
export type StandingSession = { 
/**
 * Its id.
 */
id: string, 
/**
 * Id of the practice; none: of the team.
 */
practice: string | null, 
/**
 * Id of the member; of the team: their name.
 */
member: string, 
/**
 * Browser and system.
 */
device: string, 
/**
 * Network, in part.
 */
network: string, 
/**
 * Signed in then.
 */
since_ms: number, 
/**
 * Last use that was noted.
 */
used_ms: number, };

/**
 * Somebody who is held back.
 */
export type HeldFace = { 
/**
 * Names them, to let them go.
 */
subject: string, 
/**
 * `account`, `device`, `network` or `blocked_network`.
 */
kind: string, 
/**
 * The network; of an account the ids of practice and member; empty where nothing is known.
 */
detail: string, 
/**
 * Failures of the last day.
 */
failures: number, 
/**
 * No attempt before then.
 */
until_ms: number, };

/**
 * How the audit logs stand.
 */
export type AuditHealth = { 
/**
 * The last journal record whose leaves are in the logs.
 */
position: number, 
/**
 * The last journal record.
 */
journal_position: number, 
/**
 * Leaves added since the start.
 */
leaves: number, 
/**
 * Checkpoints signed since the start.
 */
checkpoints: number, 
/**
 * Times that the logs could not be read or written.
 */
failures: number, 
/**
 * Times that the watch over them could not.
 */
watch_failures: number, 
/**
 * Entries of the team's own log.
 */
team_entries: number, 
/**
 * Those of them that the newest checkpoint covers.
 */
team_covered: number, 
/**
 * The key that judges checkpoints.
 */
public_key: string, };

/**
 * One figure.
 */
export type Figure = { 
/**
 * As in `/metrics`.
 */
name: string, 
/**
 * Now.
 */
value: number, };

/**
 * A mail that was given up.
 */
export type DeadLetter = { 
/**
 * Names it, to have it tried again.
 */
id: string, 
/**
 * Which kind of mail.
 */
kind: string, 
/**
 * Written down then.
 */
made_ms: number, 
/**
 * Times that it was tried.
 */
tries: number, 
/**
 * What was said to the last.
 */
why: string, };

/**
 * How mails stand.
 */
export type MailHealth = { 
/**
 * Mails that wait.
 */
waiting: number, 
/**
 * Mails that were given up.
 */
dead: number, 
/**
 * The oldest that waits was written down then.
 */
oldest_ms: number | null, 
/**
 * Why nothing can be sent; none: it can.
 */
down: string | null, 
/**
 * Dead letters, oldest first.
 */
letters: Array<DeadLetter>, };

/**
 * Somebody of the team.
 */
export type TeamMember = { 
/**
 * Name.
 */
name: string, 
/**
 * `ops`, `dpo` or `support`.
 */
role: string, 
/**
 * `none`, `open` or `closed`.
 */
account: string, };

/**
 * Everything that the page shows. Sent whole whenever any of it has changed, at most once a second.
 */
export type Overview = { 
/**
 * Of the server.
 */
version: string, 
/**
 * Whether the store serves.
 */
ready: boolean, 
/**
 * About networks, the installation and the team, newest days first.
 */
alerts: Array<InstallationAlert>, 
/**
 * Alerts raised since the start, those in practices too, which their owners see.
 */
alert_counts: Array<AlertCount>, 
/**
 * Sessions that stand, the latest used first.
 */
sessions: Array<StandingSession>, 
/**
 * How many stand, shown or not.
 */
sessions_standing: number, 
/**
 * Accounts, devices and networks that are held back now.
 */
held: Array<HeldFace>, 
/**
 * The audit logs.
 */
audit: AuditHealth, 
/**
 * Figures by name, as `/metrics` has them, labels added up.
 */
figures: Array<Figure>, 
/**
 * Mails; none: this installation sends none.
 */
mail: MailHealth | null, 
/**
 * The platform's team.
 */
team: Array<TeamMember>, };

/**
 * What the data protection officer sees of it.
 */
export type Compliance = { 
/**
 * The audit logs.
 */
audit: AuditHealth, 
/**
 * About networks, the installation and the team, newest days first.
 */
alerts: Array<InstallationAlert>, 
/**
 * Alerts raised since the start, those in practices too.
 */
alert_counts: Array<AlertCount>, 
/**
 * The platform's team.
 */
team: Array<TeamMember>, };

/**
 * Acknowledges an alert.
 */
export type Acknowledgement = { 
/**
 * Why it is all right, or what was done: 1 to 300 bytes.
 */
reason: string, };

/**
 * Lets somebody go who is held back.
 */
export type LetGo = { 
/**
 * As [`HeldFace`] names them.
 */
subject: string, };

/**
 * Has dead letters be tried again.
 */
export type TryAgain = { 
/**
 * As [`DeadLetter`] names it; none: all.
 */
id: string | null, };

/**
 * Which leaves.
 */
export type AuditQuery = { 
/**
 * Below this number; none: from the newest on.
 */
before: number | null, 
/**
 * Of this act.
 */
act: string | null, 
/**
 * By this member.
 */
member: string | null, 
/**
 * About this agenda.
 */
agenda: string | null, 
/**
 * About this booking: what was done to it, and who opened its day in its agenda (then with `agenda` and `at_ms`).
 */
booking: string | null, 
/**
 * When the booking begins.
 */
at_ms: number | null, 
/**
 * Not earlier.
 */
from_ms: number | null, 
/**
 * Earlier than this.
 */
until_ms: number | null, };

/**
 * What a leaf says.
 */
export type AuditSaid = { 
/**
 * When.
 */
at_ms: number, 
/**
 * `staff`, `bearer` (whoever holds a booking's secret: the patient) or `server`.
 */
actor: string, 
/**
 * The member.
 */
member: string | null, 
/**
 * Their name, while they belong to the practice.
 */
name: string | null, 
/**
 * Their role then.
 */
role: string | null, 
/**
 * What was done: `agenda.opened`, `booking.booked`...
 */
act: string, 
/**
 * Whether it was denied.
 */
denied: boolean, 
/**
 * How often, for denials that were counted together.
 */
count: number, 
/**
 * In which agenda.
 */
agenda: string | null, 
/**
 * `booking`, `member`, `invitation`, `grant` or `glass`.
 */
subject_kind: string | null, 
/**
 * Its id.
 */
subject: string | null, 
/**
 * Whose data, as an id.
 */
patient: string | null, 
/**
 * The stretch of the agenda that it covers, from.
 */
from_ms: number | null, 
/**
 * Until.
 */
until_ms: number | null, 
/**
 * Beginning of the session's id, in hexadecimal digits.
 */
session: string | null, 
/**
 * First half of the network address.
 */
network: string, 
/**
 * Reason, device, or how much was seen.
 */
note: string, };

/**
 * One leaf.
 */
export type AuditLeaf = { 
/**
 * Its number in the practice's log.
 */
number: number, 
/**
 * `whole`; `expired` when its term is over and only its hash is left; `newer` when a newer version wrote it.
 */
state: string, 
/**
 * What it says, if it is whole.
 */
said: AuditSaid | null, };

/**
 * Leaves, newest first.
 */
export type AuditPage = { 
/**
 * Those that fit.
 */
leaves: Array<AuditLeaf>, 
/**
 * Go on with this `before`; 0 when there is nothing more.
 */
before: number, 
/**
 * Leaves in the whole log.
 */
size: number, 
/**
 * The newest signed checkpoint (C2SP `tlog-checkpoint`); none before the first.
 */
checkpoint: string | null, 
/**
 * The key that it is judged by (C2SP `signed-note`).
 */
public_key: string, 
/**
 * Whether all of the practice is seen, or one's own agenda alone.
 */
everything: boolean, };

/**
 * The proof that a leaf is in the log that the newest checkpoint covers (RFC 6962, 2.1.1).
 */
export type AuditProof = { 
/**
 * The leaf's number.
 */
number: number, 
/**
 * Its salt, in hexadecimal digits; none once it has expired.
 */
salt: string | null, 
/**
 * Its canonical bytes, in hexadecimal digits.
 */
record: string | null, 
/**
 * Leaves that the checkpoint covers.
 */
size: number, 
/**
 * Hashes beside the way from the leaf to the root, in hexadecimal digits.
 */
hashes: Array<string>, 
/**
 * The checkpoint.
 */
checkpoint: string, 
/**
 * The key that it is judged by.
 */
public_key: string, };

/**
 * What a browser is asked to do with a passkey of whoever comes.
 */
export type PasskeyChallenge = { 
/**
 * To be sent back with the answer.
 */
challenge: string, 
/**
 * Options for `PublicKeyCredential.parseRequestOptionsFromJSON`.
 */
options: object, 
/**
 * Good until then.
 */
until_ms: number, };

/**
 * Signs in with a passkey.
 */
export type PasskeySignIn = { 
/**
 * Of the first step.
 */
challenge: string, 
/**
 * What `PublicKeyCredential.toJSON` gave.
 */
credential: object, };

/**
 * What a browser is asked to do with a passkey of the signed-in account.
 */
export type PasskeyCeremony = { 
/**
 * Options for `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
 */
options: object, 
/**
 * Good until then.
 */
until_ms: number, };

/**
 * Adds a passkey that the browser has made.
 */
export type NewPasskey = { 
/**
 * As its owner calls it, 1 to 60 bytes.
 */
name: string, 
/**
 * What `PublicKeyCredential.toJSON` gave.
 */
credential: object, };

/**
 * Shows a passkey as the second factor again.
 */
export type ShownPasskey = { 
/**
 * What `PublicKeyCredential.toJSON` gave.
 */
credential: object, };

/**
 * Removes a passkey.
 */
export type PasskeyRemoval = { 
/**
 * Its id.
 */
passkey: string, };

/**
 * A passkey, as its owner is shown it.
 */
export type PasskeyFace = { 
/**
 * Its id here; not the key's own.
 */
id: string, 
/**
 * As its owner calls it.
 */
name: string, 
/**
 * Since when.
 */
made_ms: number, 
/**
 * Last used then; none: never yet.
 */
used_ms: number | null, };

/**
 * Asks for another address to sign in with: a code is mailed to it.
 */
export type EmailChange = { 
/**
 * The new address.
 */
email: string, };

/**
 * Shows that somebody reads it.
 */
export type EmailCode = { 
/**
 * Eight digits.
 */
code: string, };

/**
 * Lets one person of the platform's support look in: with a reason, for a day at most.
 */
export type SupportRequest = { 
/**
 * The sender's number for the request.
 */
command_id: string, 
/**
 * Who of support.
 */
support: string, 
/**
 * For how long, 1 to 1440 minutes.
 */
minutes: number, 
/**
 * How much they see of every agenda: `times`, `types` or `full`.
 */
level: string, 
/**
 * Why, in a few words; never about a patient by name.
 */
reason: string, };

/**
 * A grant by which somebody of support looks in.
 */
export type SupportFace = { 
/**
 * Its id.
 */
id: string, 
/**
 * Name of who looks in; empty once they have left the team.
 */
support: string, 
/**
 * How much they see.
 */
level: string, 
/**
 * Why.
 */
reason: string, 
/**
 * Name of who granted it; empty once they have left the practice.
 */
granted_by: string, 
/**
 * From then on.
 */
from_ms: number, 
/**
 * It ends then.
 */
until_ms: number, };

/**
 * Somebody of support who may be let in.
 */
export type SupportPerson = { 
/**
 * Their id.
 */
id: string, 
/**
 * Their name.
 */
name: string, };

/**
 * Who may be let in, and who was.
 */
export type Support = { 
/**
 * Support's people, by name.
 */
people: Array<SupportPerson>, 
/**
 * Grants, those that end last first: those that run, and those that have run out since the last one was made. The access log
 * keeps them all.
 */
grants: Array<SupportFace>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * An agenda that support may look at.
 */
export type SupportedAgenda = { 
/**
 * Its id.
 */
agenda: string, 
/**
 * Whose it is.
 */
name: string, };

/**
 * A practice that lets support look in.
 */
export type SupportedPractice = { 
/**
 * Its id.
 */
practice: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Zone of its times.
 */
zone: string, 
/**
 * How much is seen.
 */
level: string, 
/**
 * Why, as the practice wrote it.
 */
reason: string, 
/**
 * Name of who granted it.
 */
granted_by: string, 
/**
 * It ends then.
 */
until_ms: number, 
/**
 * Its agendas, by name.
 */
agendas: Array<SupportedAgenda>, };

/**
 * The practices that let whoever asks look in now.
 */
export type SupportDesk = { 
/**
 * By name.
 */
practices: Array<SupportedPractice>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * A review that was done.
 */
export type ReviewFace = { 
/**
 * Name of the owner; empty once they have left.
 */
by: string, 
/**
 * When.
 */
at_ms: number, };

/**
 * How somebody who belongs to the practice can get in.
 */
export type AccessState = "active" | "disabled" | "no_account" | "locked" | "later" | "ended";

/**
 * Somebody who belongs to the practice, as a review sees them.
 */
export type ReviewedMember = { 
/**
 * Their id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Role, levels, since when and until when.
 */
membership: MembershipFace, 
/**
 * How they can get in.
 */
state: AccessState, 
/**
 * Last sign-in; none: never.
 */
last_sign_in_ms: number | null, 
/**
 * Kinds of their second factor: `application`, `passkey`.
 */
factors: Array<string>, };

/**
 * An access beside everybody's rights, of the last quarter.
 */
export type ExceptionalAccess = { 
/**
 * `support` or `glass`.
 */
kind: string, 
/**
 * Name of who looked; empty once they have left.
 */
who: string, 
/**
 * Name of who let support in; none for a broken glass.
 */
granted_by: string | null, 
/**
 * How much was seen: a level.
 */
level: string, 
/**
 * The agenda; none: all of them.
 */
agenda: string | null, 
/**
 * Why.
 */
reason: string, 
/**
 * From then on.
 */
from_ms: number, 
/**
 * It ended then, or will.
 */
until_ms: number, };

/**
 * Who has access, for the review.
 */
export type AccessReview = { 
/**
 * The last review; none: none yet.
 */
last: ReviewFace | null, 
/**
 * The next is due then.
 */
due_ms: number, 
/**
 * Whether it is due.
 */
due: boolean, 
/**
 * Members, by name.
 */
members: Array<ReviewedMember>, 
/**
 * Invitations that stand.
 */
invitations: Array<InvitationFace>, 
/**
 * Support's looks and broken glasses of the last quarter, newest first.
 */
exceptional: Array<ExceptionalAccess>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * A member who is locked after a grave alert, as owners are told.
 */
export type LockFace = { 
/**
 * Their id.
 */
member: string, 
/**
 * Name.
 */
name: string, 
/**
 * The rule they broke, as alerts name it.
 */
rule: string, 
/**
 * Since when.
 */
since_ms: number, };

/**
 * When somebody could come.
 */
export type Wishes = { 
/**
 * `monday`..`sunday`, one at least.
 */
weekdays: Array<string>, 
/**
 * `HH:MM`: the appointment begins then at the earliest...
 */
from: string, 
/**
 * ... and before this, `HH:MM` up to `24:00`.
 */
until: string, 
/**
 * First day, `YYYY-MM-DD`.
 */
first_day: string, 
/**
 * Last day; after it the entry leaves the list.
 */
last_day: string, 
/**
 * They need at least so many minutes to come.
 */
notice_minutes: number, 
/**
 * Place id; none: anywhere.
 */
place: string | null, };

/**
 * Joins the list.
 */
export type JoinRequest = { 
/**
 * The sender's number for this command, 32 hexadecimal digits.
 */
command_id: string, 
/**
 * The secret of the person's link, 64 hexadecimal digits, drawn by the sender: it opens the entry, and the booking that comes of it.
 */
secret: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * Who.
 */
person: Person, 
/**
 * Version of the privacy notice shown.
 */
notice_version: number, 
/**
 * When they could come.
 */
wishes: Wishes, };

/**
 * On the list.
 */
export type JoinAnswer = { 
/**
 * Entry id.
 */
entry: string, 
/**
 * Path of the person's page; the secret goes behind `#`.
 */
path: string, 
/**
 * Sequence.
 */
seq: number, };

/**
 * Looks at one's entry.
 */
export type WaitingRequest = { 
/**
 * The secret of the person's link.
 */
secret: string, };

/**
 * Does something with one's entry: accepts or declines the offer, leaves.
 */
export type WaitingActRequest = { 
/**
 * The sender's number for this command, 32 hexadecimal digits.
 */
command_id: string, 
/**
 * The secret of the person's link.
 */
secret: string, };

/**
 * What somebody is being offered.
 */
export type Offer = { 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Where.
 */
place: Place | null, 
/**
 * Held for them until then.
 */
until_ms: number, };

/**
 * One's entry as one sees it.
 */
export type WaitingView = { 
/**
 * `waiting`, `offered`, or `booked` once an offer was accepted.
 */
state: string, 
/**
 * What they wait for.
 */
kind: AppointmentType, 
/**
 * When they could come; none once booked.
 */
wishes: Wishes | null, 
/**
 * Place among those who wait for the same type, from 1; 0 once booked.
 */
rank: number, 
/**
 * How many they are.
 */
waiting: number, 
/**
 * Offers they have let pass; who lets three pass leaves the list.
 */
passed: number, 
/**
 * What they are being offered.
 */
offer: Offer | null, 
/**
 * Path of the booking that came of it; the same secret goes behind `#`.
 */
manage_path: string | null, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * Somebody who waits, as staff see them who see names; others see nobody.
 */
export type StaffWaiting = { 
/**
 * Id. A booking with this id is what came of it: who was booked waits no longer.
 */
id: string, 
/**
 * Type id.
 */
kind: string, 
/**
 * Who; none once the patient is erased.
 */
person: Person | null, 
/**
 * When they could come.
 */
wishes: Wishes, 
/**
 * Comes before everybody who is not.
 */
urgent: boolean, 
/**
 * When they joined.
 */
joined_ms: number, 
/**
 * Offers they have let pass.
 */
passed: number, 
/**
 * Id of the hold that they are being offered: it is among the holds. When it ends without a booking, they have let it pass.
 */
offer: string | null, };

/**
 * Whether somebody has a feed of an agenda.
 */
export type FeedState = { 
/**
 * Since when; none: they have none.
 */
made_ms: number | null, };

/**
 * Make a feed, in place of a former one.
 */
export type FeedRequest = { 
/**
 * Its language: `fr` or `en`.
 */
locale: string, };

/**
 * A feed just made.
 */
export type FeedMade = { 
/**
 * Its address on this server, with the secret: shown now and never again.
 */
path: string, };

/**
 * A patient in a list.
 */
export type PatientFace = { 
/**
 * Patient id.
 */
patient: string, 
/**
 * Name and contacts.
 */
person: Person, 
/**
 * Day of birth, `YYYY-MM-DD`.
 */
birth_date: string | null, 
/**
 * What whoever books must know at once.
 */
alert: string | null, };

/**
 * Looks patients up.
 */
export type PatientSearch = { 
/**
 * Beginnings of names, a phone number, a birth date, an e-mail address; at most 120 bytes. All of it has to fit.
 */
query: string, };

/**
 * Who was found.
 */
export type PatientsFound = { 
/**
 * Best first, at most 20.
 */
patients: Array<PatientFace>, 
/**
 * More fit: say more.
 */
more: boolean, };

/**
 * A link to another card.
 */
export type PatientRelative = { 
/**
 * Patient id.
 */
patient: string, 
/**
 * What they are to the card's patient: `parent`, `child`, `partner`, `guardian`, `other`.
 */
relation: string, 
/**
 * Whether they book for the card's patient.
 */
books: boolean, };

/**
 * What a card says.
 */
export type CardContent = { 
/**
 * Name and contacts.
 */
person: Person, 
/**
 * Day of birth, `YYYY-MM-DD`.
 */
birth_date: string | null, 
/**
 * What whoever books must know at once; at most 200 bytes.
 */
alert: string | null, 
/**
 * At most 8.
 */
relatives: Array<PatientRelative>, };

/**
 * Makes a card.
 */
export type PatientCreate = { 
/**
 * The sender's number for this command, 32 hexadecimal digits.
 */
command_id: string, 
/**
 * What it says.
 */
card: CardContent, };

/**
 * Changes a card.
 */
export type PatientChange = { 
/**
 * The version that was read.
 */
version: number, 
/**
 * What it says from now on.
 */
card: CardContent, };

/**
 * One appointment of a patient.
 */
export type PatientBooking = { 
/**
 * Agenda id.
 */
agenda: string, 
/**
 * Booking id.
 */
booking: string, 
/**
 * Start.
 */
start_ms: number, 
/**
 * End.
 */
end_ms: number, 
/**
 * Name of its type.
 */
kind: string, 
/**
 * What was said of it last, as in `StaffBooking`.
 */
mark: string | null, 
/**
 * Made online.
 */
online: boolean, };

/**
 * A card with all that belongs to it.
 */
export type PatientFile = { 
/**
 * Patient id: of the card that stands, also where one that was merged into it was asked for.
 */
patient: string, 
/**
 * Its version; 0 while nobody has written it and bookings alone say who it is.
 */
version: number, 
/**
 * What it says.
 */
card: CardContent, 
/**
 * Linked patients that the asker may see.
 */
relatives: Array<PatientFace>, 
/**
 * Cards that were merged into this one.
 */
merged: Array<PatientFace>, 
/**
 * Appointments in the agendas whose names the asker sees, the latest first, at most 200.
 */
history: Array<PatientBooking>, 
/**
 * The server's clock.
 */
now_ms: number, };

/**
 * Has another card stand for one.
 */
export type PatientMerge = { 
/**
 * Patient id of the card that stays.
 */
into: string, };

/**
 * Two cards that may be one patient.
 */
export type PatientPair = { 
/**
 * One.
 */
one: PatientFace, 
/**
 * The other.
 */
other: PatientFace, 
/**
 * What they have in common beside near names: `birth_date`, `phone`, `email`.
 */
reasons: Array<string>, };

/**
 * Likely duplicates.
 */
export type PatientPairs = { 
/**
 * Likeliest first, at most 100.
 */
pairs: Array<PatientPair>, };

/** The acts of the audit log by their number in a leaf. */
export const AUDIT_ACTS: Readonly<Record<number, string>> = {
  1: 'agenda.opened',
  2: 'agenda.closed',
  3: 'booking.viewed',
  10: 'booking.booked',
  11: 'booking.moved',
  12: 'booking.cancelled',
  15: 'waiting.joined',
  16: 'waiting.left',
  17: 'waiting.prioritised',
  19: 'slot.offered',
  18: 'waiting.viewed',
  20: 'absence.added',
  21: 'absence.removed',
  22: 'agenda.set',
  30: 'practice.set',
  31: 'member.set',
  32: 'member.removed',
  33: 'invitation.made',
  34: 'invitation.used',
  35: 'invitation.withdrawn',
  36: 'document.accepted',
  37: 'support.granted',
  38: 'support.ended',
  39: 'glass.broken',
  40: 'glass.ended',
  41: 'access.reviewed',
  42: 'access.exported',
  43: 'member.locked',
  44: 'member.released',
  50: 'account.made',
  51: 'session.opened',
  52: 'session.ended',
  53: 'password.changed',
  54: 'factor.changed',
  58: 'email.changed',
  80: 'booking.marked',
  81: 'delay.announced',
  86: 'feed.made',
  87: 'feed.ended',
  55: 'session.stepped_up',
  56: 'account.removed',
  57: 'link.made',
  60: 'log.read',
  61: 'log.exported',
  62: 'access.refused',
  63: 'alert.answered',
  70: 'platform.let_go',
  71: 'platform.mails_revived',
  90: 'patients.searched',
  91: 'patient.viewed',
  92: 'patient.set',
  93: 'patients.merged',
  94: 'patients.parted',
};
