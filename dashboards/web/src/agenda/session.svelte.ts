// The staff's live session: topics with their positions, and commands that wait for their answer, also across a lost line.

import { api } from '../lib/api';
import { applyChanges, isComplete, movedIn, withPart } from '../lib/agenda';
import { ServerClock } from '../lib/clock';
import { newId } from '../lib/ids';
import { resumes, step, type Position } from '../lib/position';
import { LiveSocket, socketAddress, type ConnectionState } from '../lib/socket';
import type { ClientFrame, Problem, ServerFrame, StaffCommand, StaffView } from '../lib/wire';

const DAY_MS = 86_400_000;
const BUSY_REPEATS_MAX = 5;
/** What a handshake names: the protocol, and beside it a ticket, so that this stands in no address (`proto/README.md`). */
const SESSION_PROTOCOL = 'cabinet.1';
const TICKET_PREFIX = 'ticket.';
/** After so long without a frame the server is asked for one; without an answer by then the line is dead, however open it looks. */
const QUIET_MS = 20_000;
const ANSWER_MS = 10_000;
/** Screens follow at most once in so long: the calendar's redrawing costs nearly the same for one change as for twenty. */
const REDRAW_MS = 33;

/** `begun`: the picture that a join has begun; it is shown once all its parts are there. `withdrawn`: no right to it, for now. */
type Topic = { position: Position | null; joining: number | null; begun: StaffView | null; withdrawn: boolean };
type Pending = { topic: string; command_id: string; command: StaffCommand; repeats: number; answer: (problem: Problem | null) => void };

export class Session {
  /** What screens show: the first change at once, what follows it closely together. */
  views = $state.raw<Readonly<Record<string, StaffView>>>({});
  present = $state.raw<Readonly<Record<string, readonly string[]>>>({});
  state = $state<ConnectionState>('reconnecting');
  heard_ms = $state(0);
  now_ms = $state(Date.now());
  /** Commands sent or waiting to be sent, not yet answered. */
  unanswered = $state(0);

  readonly clock = new ServerClock();
  #topics = new Map<string, Topic>();
  /** The views as all frames so far have made them. */
  #latest: Readonly<Record<string, StaffView>> = {};
  #drawnAt = -Infinity;
  #redraw: ReturnType<typeof setTimeout> | undefined;
  #pending = new Map<number, Pending>();
  #cover = { from_ms: 0, until_ms: 0 };
  #reference = 0;
  #welcomed = false;
  /** When the last frame came, and when one was asked for since, by the page's own steady clock. */
  #frameAt = 0;
  #askedAt: number | null = null;
  #socket: LiveSocket;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #daily: ReturnType<typeof setTimeout> | undefined;

  constructor(topics: readonly string[], cover: { from_ms: number; until_ms: number }, private readonly lineFailed: () => void,
    private readonly changed: () => void = () => undefined,
    private readonly alerted: () => void = () => undefined) {
    this.#cover = cover;
    for (const topic of topics) this.#topics.set(topic, { position: null, joining: null, begun: null, withdrawn: false });
    this.#socket = new LiveSocket({
      destination: async () => {
        const { ticket } = await api.socketTicket();
        return { address: socketAddress('/ws'), protocols: [SESSION_PROTOCOL, `${TICKET_PREFIX}${ticket}`] };
      },
      opened: () => undefined,
      frame: (frame) => {
        this.#frameAt = performance.now();
        this.#askedAt = null;
        this.#receive(frame as ServerFrame);
        if (this.heard_ms > 0) this.heard_ms = this.clock.now();
      },
      state: (state) => (this.state = state),
      closed: ({ everOpened, final }) => {
        this.#welcomed = false;
        this.#askedAt = null;
        for (const topic of this.#topics.values()) {
          if (topic.begun) topic.position = null;
          topic.joining = topic.begun = null;
        }
        this.present = {};
        if (!everOpened || final) this.lineFailed();
      },
    });
  }

  start(): void {
    this.#ticker = setInterval(() => this.#tick(), 1000);
    this.#socket.start();
  }

  #tick(): void {
    this.now_ms = this.clock.now();
    if (!this.#welcomed) return;
    const now = performance.now();
    if (this.#askedAt !== null && now - this.#askedAt >= ANSWER_MS) return this.#socket.redial();
    if (this.#askedAt !== null || now - this.#frameAt < QUIET_MS) return;
    const topic = [...this.#topics].find(([, one]) => one.joining === null)?.[0];
    if (topic === undefined) return;
    // Said again it changes nothing for anybody, and is answered.
    this.#askedAt = now;
    this.#say({ event: 'presence', ref: this.#next(), topic });
  }

  stop(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#daily);
    clearTimeout(this.#redraw);
    this.#socket.stop();
  }

  /** The agendas one may see now: those that are new are joined, those that are gone leave the screen. */
  allow(names: readonly string[]): void {
    for (const [name, topic] of this.#topics) {
      if (names.includes(name)) continue;
      this.#topics.delete(name);
      if (this.#welcomed && !topic.withdrawn) this.#say({ event: 'leave', ref: this.#next(), topic: name });
      this.#withdraw(name, topic);
    }
    for (const name of names) {
      const known = this.#topics.get(name);
      if (known && !known.withdrawn) continue;
      this.#topics.set(name, { position: null, joining: null, begun: null, withdrawn: false });
      this.#join(name, false);
    }
  }

  /** The stretch of bookings wanted; another one means new pictures. */
  cover(from_ms: number, until_ms: number): void {
    if (from_ms >= this.#cover.from_ms && until_ms <= this.#cover.until_ms) return;
    this.#cover = { from_ms, until_ms };
    for (const topic of this.#topics.keys()) this.#join(topic, false);
  }

  /** Asks an agenda for something; null once it is durable, the refusal otherwise. Waits while the line is down. */
  execute(topic: string, command: StaffCommand): Promise<Problem | null> {
    return new Promise((answer) => {
      const reference = this.#next();
      this.#pending.set(reference, { topic, command_id: newId(), command, repeats: 0, answer });
      this.unanswered = this.#pending.size;
      if (this.#welcomed) this.#send(reference);
    });
  }

  #next(): number {
    this.#reference += 1;
    return this.#reference;
  }

  #say(frame: ClientFrame): void {
    this.#socket.send(frame);
  }

  #send(reference: number): void {
    const pending = this.#pending.get(reference);
    if (pending) this.#say({ event: 'command', ref: reference, topic: pending.topic, command_id: pending.command_id, command: pending.command });
  }

  #join(topic: string, resume: boolean): void {
    const state = this.#topics.get(topic);
    if (!state || !this.#welcomed) return;
    if (!resume) state.position = null;
    state.joining = this.#next();
    state.begun = null;
    const { position } = state;
    this.#say({ event: 'join', ref: state.joining, topic, history: position?.history ?? null, seq: position?.seq ?? null, ...this.#cover });
  }

  #joined(topic: string): void {
    const state = this.#topics.get(topic);
    if (!state) return;
    state.joining = null;
    if (state.begun) return;
    this.#say({ event: 'presence', ref: this.#next(), topic });
    this.#settled();
  }

  #settled(): void {
    if (![...this.#topics.values()].every((topic) => topic.withdrawn || (topic.joining === null && topic.begun === null))) return;
    this.#socket.settled();
    clearTimeout(this.#daily);
    this.#daily = setTimeout(() => this.#rejoinAll(), DAY_MS + Math.random() * 60_000);
  }

  /** A right that is gone takes what it showed off the screen at once. */
  #withdraw(name: string, topic: Topic): void {
    topic.withdrawn = true;
    this.#latest = Object.fromEntries(Object.entries(this.#latest).filter(([other]) => other !== name));
    this.present = Object.fromEntries(Object.entries(this.present).filter(([other]) => other !== name));
    this.#draw();
    this.#settled();
  }

  #rejoinAll(): void {
    for (const topic of this.#topics.keys()) this.#join(topic, false);
  }

  #heard(now_ms: number): void {
    this.clock.sync(now_ms);
    this.now_ms = this.heard_ms = now_ms;
  }

  #receive(frame: ServerFrame): void {
    switch (frame.event) {
      case 'welcome':
        this.#heard(frame.now_ms);
        this.#welcomed = true;
        // What was raised while the line was down is told by nobody.
        this.alerted();
        for (const topic of this.#topics.keys()) this.#join(topic, true);
        // Unanswered commands go again under their own numbers: the server knows those it has done.
        for (const reference of this.#pending.keys()) this.#send(reference);
        return;
      case 'snapshot': {
        const topic = this.#topics.get(frame.topic);
        if (!topic || topic.joining !== frame.ref) return;
        this.#heard(frame.now_ms);
        topic.position = { history: frame.history, seq: frame.seq };
        topic.withdrawn = false;
        this.#show(frame.topic, topic, frame.view);
        this.#joined(frame.topic);
        return;
      }
      case 'part': {
        const topic = this.#topics.get(frame.topic);
        if (!topic?.begun) return;
        if (topic.position?.seq !== frame.seq) return this.#join(frame.topic, false);
        this.#show(frame.topic, topic, withPart(topic.begun, frame.part));
        this.#joined(frame.topic);
        return;
      }
      case 'resumed': {
        const topic = this.#topics.get(frame.topic);
        if (!topic || topic.joining !== frame.ref) return;
        this.#heard(frame.now_ms);
        if (resumes(topic.position, frame.history, frame.seq)) this.#joined(frame.topic);
        else this.#join(frame.topic, false);
        return;
      }
      case 'delta': return this.#delta(frame);
      case 'practice_changed':
        this.#heard(frame.now_ms);
        return this.changed();
      case 'alerts_changed':
        this.#heard(frame.now_ms);
        return this.alerted();
      case 'resync':
        this.changed();
        return this.#join(frame.topic, false);
      case 'accepted': return this.#settle(frame.ref, null);
      case 'refused': return this.#refused(frame.ref, frame.problem);
      case 'present':
        this.present = { ...this.present, [frame.topic]: frame.staff };
        return;
      case 'done': return;
      default:
        // A word this page does not know: an older page before a newer server. Whole pictures are always right.
        this.#rejoinAll();
    }
  }

  #show(name: string, topic: Topic, view: StaffView): void {
    topic.begun = isComplete(view) ? null : view;
    if (topic.begun) return;
    this.#latest = { ...this.#latest, [name]: view };
    if (this.#redraw !== undefined) return;
    const wait = this.#drawnAt + REDRAW_MS - performance.now();
    if (wait <= 0) this.#draw();
    else this.#redraw = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    this.#drawnAt = performance.now();
    this.views = this.#latest;
  }

  #delta(frame: Extract<ServerFrame, { event: 'delta' }>): void {
    const topic = this.#topics.get(frame.topic);
    const view = topic?.begun ?? this.#latest[frame.topic];
    if (!topic || topic.joining !== null || !view) return;
    this.#heard(frame.now_ms);
    const next = step(topic.position, frame.from, frame.to);
    if (next.kind === 'gap' || (next.kind === 'apply' && movedIn(view, frame.changes))) return this.#join(frame.topic, false);
    if (next.kind === 'known') return;
    topic.position = next.position;
    this.#show(frame.topic, topic, applyChanges(view, frame.changes));
  }

  #refused(reference: number | null, problem: Problem): void {
    const pending = reference === null ? undefined : this.#pending.get(reference);
    if (pending && reference !== null) {
      if (problem.status === 503 && problem.code !== 'storage_full' && pending.repeats < BUSY_REPEATS_MAX) {
        pending.repeats += 1;
        setTimeout(() => this.#send(reference), 200 * 2 ** pending.repeats);
        return;
      }
      return this.#settle(reference, problem);
    }
    for (const [name, topic] of this.#topics) {
      if (topic.joining === reference && reference !== null) {
        // A right that is gone is not asked about again: whoever asks without one stands in the access log. Should it come
        // back, the server says that the practice has changed.
        if (problem.code === 'forbidden' || problem.code === 'not_found') {
          this.#withdraw(name, topic);
          this.changed();
        } else setTimeout(() => this.#join(name, false), 2000 + Math.random() * 3000);
      }
    }
  }

  #settle(reference: number, problem: Problem | null): void {
    // Whoever waits for the answer finds what it has brought about on the screen.
    if (this.#redraw !== undefined) this.#draw();
    this.#pending.get(reference)?.answer(problem ?? null);
    this.#pending.delete(reference);
    this.unanswered = this.#pending.size;
  }
}

