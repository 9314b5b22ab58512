// What the staff's screens share: messages, questions, and the ways a command is tried. A command is called done only after
// the server has accepted it.

import { newId } from '../lib/ids';
import { i18n } from '../lib/i18n/index.svelte';
import { isLevel, type LevelName } from '../lib/accounts';
import { overlapping } from '../lib/agenda';
import { api, problemOf } from '../lib/api';
import type { Alerts, Allowances, Person, Practitioner, Problem, StaffBooking, StaffCommand, StaffMe, StaffView } from '../lib/wire';
import { addWallSeconds, formatInstant, instantOf, wallOf } from '../lib/zone';
import type { Session } from './session.svelte';

export type Mark = 'arrived' | 'in_session' | 'seen' | 'excused' | 'no_show';
export const CANCEL_DELAY_MS = 5_000;
/** How long a message stays: longer when something can be taken back, longest when something went wrong unseen. */
const SHOWN_MS = { plain: 4_000, bad: 9_000, undo: 12_000 };

export type Toast = { id: string; text: string; tone: 'good' | 'bad' | 'wait'; undo?: () => void };
export type Question = { title: string; text: string; ask: string; yes: string; danger?: boolean; answer: (yes: boolean) => void };
/** Drawn as not yet there: what has been asked and not answered. */
export type Ghost = { id: string; agenda: string; start_ms: number; end_ms: number; text: string };
type Waiting = { agenda: string; booking: StaffBooking; timer: ReturnType<typeof setTimeout>; toast: string };

/** A wall's time as seconds, to tell two of them apart. */
function wallSeconds(wall: string): number {
  return Date.parse(`${wall}Z`) / 1_000;
}

export function nameOf(person: Person | null): string {
  return person ? `${person.given_name} ${person.family_name}` : i18n.t.erasedPerson;
}

export class Desk {
  toasts = $state.raw<readonly Toast[]>([]);
  question = $state.raw<Question | null>(null);
  /** Asked for the second factor again: to be told whether it was shown. */
  stepUp = $state.raw<((shown: boolean) => void) | null>(null);
  ghosts = $state.raw<readonly Ghost[]>([]);
  /** Bookings whose cancellation waits or is on its way. */
  leaving = $state.raw<ReadonlySet<string>>(new Set());
  /** Bookings on their way elsewhere. */
  moving = $state.raw<ReadonlySet<string>>(new Set());
  #waiting = new Map<string, Waiting>();

  me = $state.raw<StaffMe>() as StaffMe;

  constructor(me: StaffMe, readonly session: Session, private readonly ended: () => void) {
    this.me = me;
  }

  /** Alerts that one may see; null until they are known. */
  alerts = $state.raw<Alerts | null>(null);

  /** Alerts that somebody should look at. */
  get openAlerts(): number {
    return this.alerts?.alerts.filter((one) => one.gravity !== 'notice' && !one.answer).length ?? 0;
  }

  /** Asks for the alerts as they are now, and says so when there are more. A failure says nothing: they come with the next. */
  async refreshAlerts(): Promise<void> {
    const before = this.alerts === null ? null : this.openAlerts;
    try {
      this.alerts = await api.alerts();
    } catch {
      return;
    }
    const onTheirPage = location.pathname === '/agenda/alertes';
    if (before !== null && this.openAlerts > before && !onTheirPage) this.say(i18n.t.alerts.raised, 'bad');
  }

  /** How much of an agenda one may see and do. */
  level(agenda: string): LevelName {
    const named = this.me.levels.find((one) => one.agenda === agenda)?.level ?? 'none';
    return isLevel(named) ? named : 'none';
  }

  mayBook(agenda: string): boolean {
    return ['full', 'manage'].includes(this.level(agenda));
  }

  /** Whether there is something of the audit log to see: all for an owner, one's own agenda for a practitioner. */
  get seesLog(): boolean {
    return ['owner', 'practitioner'].includes(this.me.role);
  }

  /** Whether one gives care: may open a colleague's agenda in an emergency. */
  get breaksGlass(): boolean {
    return ['owner', 'practitioner', 'replacement'].includes(this.me.role);
  }

  async endSupport(grant: string): Promise<void> {
    const body = { command_id: newId() };
    if (await this.request(() => api.endSupport(grant, body))) this.say(i18n.t.support.ended);
  }

  /** Where one may book. */
  get bookable(): readonly Practitioner[] {
    return this.practitioners.filter((one) => this.mayBook(one.agenda));
  }

  /** Who a booking is for, as far as one may see it. */
  who(agenda: string, booking: StaffBooking): string {
    return booking.person ? nameOf(booking.person) : this.unnamed(agenda);
  }

  /** What stands where no name is: hidden from whoever may not see names, else forgotten. */
  unnamed(agenda: string): string {
    return this.mayBook(agenda) ? i18n.t.erasedPerson : i18n.t.busyWord;
  }

  get practitioners(): readonly Practitioner[] {
    return this.me.practice.practitioners;
  }

  view(agenda: string): StaffView | undefined {
    return this.session.views[agenda];
  }

  say(text: string, tone: Toast['tone'] = 'good', undo?: () => void): string {
    const id = newId();
    this.toasts = [...this.toasts, { id, text, tone, ...(undo ? { undo } : {}) }];
    if (tone !== 'wait') setTimeout(() => this.unsay(id), undo ? SHOWN_MS.undo : tone === 'bad' ? SHOWN_MS.bad : SHOWN_MS.plain);
    return id;
  }

  unsay(id: string): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  ask(question: Omit<Question, 'answer'>): Promise<boolean> {
    return new Promise((resolve) => {
      this.question = { ...question, answer: (yes) => { this.question = null; resolve(yes); } };
    });
  }

  /**
   * A request that may want the second factor again: it is asked for, and the request sent once more. Null when it was
   * refused, which has been said, or given up.
   */
  async request<T>(send: () => Promise<T>, told?: (problem: Problem) => boolean): Promise<{ answer: T } | null> {
    for (;;) {
      try {
        return { answer: await send() };
      } catch (error) {
        const problem = problemOf(error);
        if (problem.code === 'step_up_required') {
          const shown = await new Promise<boolean>((resolve) => (this.stepUp = resolve));
          this.stepUp = null;
          if (!shown) return null;
          continue;
        }
        if (problem.code === 'unauthorised') this.ended();
        else if (!told?.(problem)) this.say(i18n.problem(problem), 'bad');
        return null;
      }
    }
  }

  /** Takes the last thing back that can be; false when there is none. */
  undoLast(): boolean {
    const last = this.toasts.findLast((toast) => toast.undo);
    last?.undo?.();
    return last !== undefined;
  }

  /** Tries plain commands, one after the other until one is refused; true once all are accepted. `undo` is then offered. */
  async run(agenda: string, commands: StaffCommand | readonly StaffCommand[], done: string, undo?: () => void): Promise<boolean> {
    for (const command of [commands].flat()) {
      const problem = await this.session.execute(agenda, command);
      if (problem) {
        this.say(i18n.problem(problem), 'bad');
        return false;
      }
    }
    this.#sayDone(done, undo);
    return true;
  }

  #sayDone(text: string, undo?: () => void): void {
    const toast: string = this.say(text, 'good', undo && (() => { this.unsay(toast); undo(); }));
  }

  /** Tries what may need a deliberate exception: refused by default, asked about once each, recorded by the server. */
  async attempt(agenda: string, stretch: { start_ms: number; end_ms: number; except?: string }, make: (allow: Allowances) => StaffCommand, done: string, undo?: () => void): Promise<boolean> {
    const allow: Allowances = { overlap: false, outside_hours: false, over_cap: false };
    for (;;) {
      const problem = await this.session.execute(agenda, make({ ...allow }));
      if (!problem) {
        this.#sayDone(done, undo);
        return true;
      }
      const t = i18n.t;
      if (problem.code === 'slot_taken' && !allow.overlap) {
        const view = this.view(agenda);
        const others = view ? overlapping(view, stretch.start_ms, stretch.end_ms, stretch.except) : [];
        const first = others[0];
        const text = first && view ? t.overlapWith(nameOf(first.person), formatInstant(first.start_ms, view.zone, i18n.language, { weekday: 'long', hour: '2-digit', minute: '2-digit' })) : t.overlapBuffer;
        if (!(await this.ask({ title: t.overlapTitle, text, ask: t.overlapAsk, yes: t.overlapYes }))) return false;
        allow.overlap = true;
      } else if (['outside_hours', 'absent', 'off_grid'].includes(problem.code) && !allow.outside_hours) {
        if (!(await this.ask({ title: t.outsideTitle, text: t.outsideText, ask: t.outsideAsk, yes: t.outsideYes }))) return false;
        allow.outside_hours = true;
      } else if (problem.code === 'cap_reached' && !allow.over_cap) {
        const view = this.view(agenda);
        const command = make(allow);
        const kind = command.do === 'book' ? command.kind : view?.bookings.find((one) => one.id === stretch.except)?.kind;
        const type = view?.types.find((one) => one.id === kind);
        if (!(await this.ask({ title: t.release.capTitle, text: t.release.capText(type?.name ?? '', type?.daily_cap ?? 0), ask: t.release.capAsk, yes: t.release.capYes }))) return false;
        allow.over_cap = true;
      } else {
        this.say(i18n.problem(problem), 'bad');
        return false;
      }
    }
  }

  async book(agenda: string, kind: string, start_ms: number, person: Person, patient: string | null = null): Promise<boolean> {
    const minutes = this.view(agenda)?.types.find((type) => type.id === kind)?.duration_minutes ?? 30;
    const booking = newId();
    const stretch = { start_ms, end_ms: start_ms + minutes * 60_000 };
    return this.#ghostly({ id: booking, agenda, ...stretch, text: i18n.t.pendingBook }, () =>
      this.attempt(agenda, stretch, (allow) => ({ do: 'book', booking, kind, start_ms, person, ...(patient === null ? {} : { patient }), allow }), i18n.t.bookDone));
  }

  async move(agenda: string, booking: StaffBooking, start_ms: number): Promise<boolean> {
    const stretch = { start_ms, end_ms: start_ms + booking.end_ms - booking.start_ms, except: booking.id };
    this.moving = new Set([...this.moving, booking.id]);
    try {
      return await this.#ghostly({ id: newId(), agenda, start_ms, end_ms: stretch.end_ms, text: i18n.t.pendingMove }, () =>
        this.attempt(agenda, stretch, (allow) => ({ do: 'move', booking: booking.id, start_ms, allow }), i18n.t.moveDone, () => this.#moveBack(agenda, booking, start_ms)));
    } finally {
      this.moving = new Set([...this.moving].filter((id) => id !== booking.id));
    }
  }

  /** Says where somebody is or what became of the appointment; the former word can be had back. */
  async mark(agenda: string, booking: StaffBooking, mark: Mark | null): Promise<boolean> {
    const former = booking.mark;
    const said = mark === null ? i18n.t.course.unmarked : i18n.t.course.marked(this.who(agenda, booking), i18n.t.course.marks[mark] ?? '');
    return this.run(agenda, { do: 'mark_booking', booking: booking.id, mark }, said, () => void this.run(agenda, { do: 'mark_booking', booking: booking.id, mark: former }, i18n.t.course.unmarked));
  }

  /** Moves a session and those after it by the same civil time: six stays six across a clock change. All of them, or none. */
  async moveSeries(agenda: string, from: StaffBooking, series: string, start_ms: number): Promise<boolean> {
    const zone = this.practitioners.find((one) => one.agenda === agenda)?.zone ?? 'Europe/Paris';
    const found = await this.request(() => api.series(agenda, series));
    if (!found) return false;
    const seconds = wallSeconds(wallOf(start_ms, zone)) - wallSeconds(wallOf(from.start_ms, zone));
    const following = found.answer.bookings.filter((one) => one.start_ms >= from.start_ms);
    const back = following.map((one) => ({ booking: one.id, start_ms: one.start_ms }));
    const moves = following.map((one) => ({ booking: one.id, start_ms: instantOf(addWallSeconds(wallOf(one.start_ms, zone), seconds), zone) }));
    const allow = { overlap: false, outside_hours: false, over_cap: false };
    const said = i18n.t.course.seriesMoved(moves.length);
    return this.run(agenda, { do: 'move_bookings', moves, allow }, said, () => void this.run(agenda, { do: 'move_bookings', moves: back, allow }, said));
  }

  async announceDelay(agenda: string, minutes: number): Promise<boolean> {
    return this.run(agenda, { do: 'announce_delay', minutes }, minutes > 0 ? i18n.t.course.late(minutes) : i18n.t.course.caughtUp);
  }

  #moveBack(agenda: string, before: StaffBooking, start_ms: number): void {
    const now = this.view(agenda)?.bookings.find((booking) => booking.id === before.id);
    if (now?.start_ms === start_ms) void this.move(agenda, now, before.start_ms);
    else this.say(i18n.t.undoLate, 'bad');
  }

  async #ghostly(ghost: Ghost, act: () => Promise<boolean>): Promise<boolean> {
    this.ghosts = [...this.ghosts, ghost];
    try {
      return await act();
    } finally {
      this.ghosts = this.ghosts.filter((other) => other.id !== ghost.id);
    }
  }

  /** Cancels after five seconds, unless taken back: an honest "undo", as nothing has happened before. */
  cancelLater(agenda: string, booking: StaffBooking): void {
    if (this.#waiting.has(booking.id)) return;
    this.leaving = new Set([...this.leaving, booking.id]);
    const toast = this.say(i18n.t.cancelQueued(nameOf(booking.person)), 'wait', () => this.#takeBack(booking.id));
    const timer = setTimeout(() => void this.#cancelNow(booking.id), CANCEL_DELAY_MS);
    this.#waiting.set(booking.id, { agenda, booking, timer, toast });
  }

  /** Leaving the page: what was announced is sent. Resolves once all of it is answered. */
  async flush(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((id) => this.#cancelNow(id)));
  }

  /** Whether something asked for would be lost if the page went now. */
  get owing(): boolean {
    return this.session.unanswered > 0 || (this.#waiting.size > 0 && this.session.state !== 'live');
  }

  #takeBack(id: string): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    this.unsay(waiting.toast);
    this.leaving = new Set([...this.leaving].filter((other) => other !== id));
  }

  async #cancelNow(id: string): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    this.unsay(waiting.toast);
    await this.run(waiting.agenda, { do: 'cancel', booking: id }, i18n.t.cancelDone(nameOf(waiting.booking.person)));
    this.leaving = new Set([...this.leaving].filter((other) => other !== id));
  }
}
