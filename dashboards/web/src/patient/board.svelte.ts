// The live board of one practitioner: socket, position, slots, and what changed a moment ago.

import { ServerClock } from '../lib/clock';
import { resumes, step, type Position } from '../lib/position';
import { difference, fromSnapshot, merge, type SlotTable, type Touched } from '../lib/slots';
import { LiveSocket, socketAddress, type ConnectionState } from '../lib/socket';
import type { BoardFrame, Slot, TypeSlotChanges } from '../lib/wire';
import { untilMidnight } from '../lib/zone';

const DAY_MS = 86_400_000;
/** How long a taken slot stays grey before it collapses, and a freed one stays marked. */
export const GONE_SHOWN_MS = 1_800;
export const COME_SHOWN_MS = 4_000;
/** What follows a snapshot within this time of the frame before belongs to it. */
const CATCH_UP_MS = 40;
/** A picture is shown after this time even if changes keep coming. */
const CATCH_UP_MS_MAX = 400;

const keyOf = (kind: string, start: number): string => `${kind}@${start}`;

/** What whoever looks for more than free slots is told: starts taken that were never free here, and a picture made anew. */
export type BoardWatch = { taken: (kind: string, starts: number[]) => void; joined: () => void };

export class Board {
  slots = $state.raw<SlotTable>(new Map());
  /** Slots taken a moment ago, still drawn greyed; by `kind@start`. */
  gone = $state.raw<ReadonlyMap<string, Touched>>(new Map());
  /** Slots freed a moment ago. */
  come = $state.raw<ReadonlySet<string>>(new Set());
  state = $state<ConnectionState>('reconnecting');
  loaded = $state(false);
  /** Server time of the last frame. */
  heard_ms = $state(0);
  /** Server time, ticking once a second. */
  now_ms = $state(0);
  /** Last changes, for those who cannot see them. */
  spoken = $state.raw<{ gone: Touched[]; come: Touched[] }>({ gone: [], come: [] });

  readonly clock = new ServerClock();
  #position: Position | null = null;
  #socket: LiveSocket;
  /** A snapshot being completed: the server may send an older one with all that has changed since right behind it. */
  #picture: SlotTable | null = null;
  #catching: ReturnType<typeof setTimeout> | undefined;
  #catchUntil = 0;
  #midnight: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(practice: string, practitioner: string, private readonly zone: string, private readonly typesChanged: () => void, private readonly watch?: BoardWatch) {
    this.#socket = new LiveSocket({
      destination: () => {
        const query = new URLSearchParams({ practice, practitioner });
        if (this.#position) {
          query.set('history', this.#position.history);
          query.set('seq', String(this.#position.seq));
        }
        return { address: socketAddress(`/live?${query}`), protocols: [] };
      },
      opened: () => undefined,
      frame: (frame) => this.#receive(frame as BoardFrame),
      state: (state) => (this.state = state),
      // A line that breaks in the middle of a picture leaves none.
      closed: () => {
        if (this.#picture) this.#position = this.#picture = null;
      },
    });
  }

  start(): void {
    this.now_ms = this.clock.now();
    this.#ticker = setInterval(() => (this.now_ms = this.clock.now()), 1000);
    this.#socket.start();
  }

  stop(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#catching);
    clearTimeout(this.#midnight);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket.stop();
  }

  isGone(kind: string, start: number): boolean {
    return this.gone.has(keyOf(kind, start));
  }

  hasCome(kind: string, start: number): boolean {
    return this.come.has(keyOf(kind, start));
  }

  /** Slots of a type that are to be drawn greyed. */
  goneOf(kind: string): Slot[] {
    return [...this.gone.values()].filter((touched) => touched.kind === kind).map((touched) => touched.slot);
  }

  #receive(frame: BoardFrame): void {
    if ('now_ms' in frame) {
      this.clock.sync(frame.now_ms);
      this.now_ms = this.heard_ms = frame.now_ms;
    }
    switch (frame.event) {
      case 'snapshot': {
        // Names and lengths are the page's, and may be other ones since it was loaded; from here on a change of them is told.
        // Loaded before the join, they could miss a change that comes in between.
        if (this.loaded) this.typesChanged();
        this.#picture = fromSnapshot(frame.types);
        this.#position = { history: frame.history, seq: frame.seq };
        this.#catchUntil = performance.now() + CATCH_UP_MS_MAX;
        this.#catchUp();
        return;
      }
      case 'resumed':
        if (!resumes(this.#position, frame.history, frame.seq)) this.#rejoin();
        else this.#joined();
        return;
      case 'delta': {
        const next = step(this.#position, frame.from, frame.to);
        if (next.kind === 'gap') return this.#rejoin();
        if (next.kind === 'known') return;
        this.#position = next.position;
        const known = this.#picture ?? this.slots;
        if (this.#picture) {
          this.#picture = merge(this.#picture, frame.types).table;
          this.#taken(known, frame.types);
          if (performance.now() < this.#catchUntil) this.#catchUp();
          return;
        }
        const merged = merge(this.slots, frame.types);
        this.slots = merged.table;
        this.#show(merged);
        this.#taken(known, frame.types);
        return;
      }
      case 'types_changed': return this.#rejoin();
      default:
        // A word this page does not know: an older page in front of a newer server. A whole picture is always right.
        this.#rejoin();
    }
  }

  /** A start that goes without having been free was freed and given to somebody in one: to one who waits. */
  #taken(known: SlotTable, changes: readonly TypeSlotChanges[]): void {
    if (!this.watch) return;
    for (const { kind, removed_ms } of changes) {
      const unknown = removed_ms.filter((start) => !known.get(kind)?.has(start));
      if (unknown.length > 0) this.watch.taken(kind, unknown);
    }
  }

  #catchUp(): void {
    clearTimeout(this.#catching);
    this.#catching = setTimeout(() => {
      if (!this.#picture) return;
      const after = this.#picture;
      this.#picture = null;
      if (this.loaded) this.#show(difference(this.slots, after));
      this.slots = after;
      this.#joined();
    }, CATCH_UP_MS);
  }

  #joined(): void {
    this.loaded = true;
    this.watch?.joined();
    this.#socket.settled();
    clearTimeout(this.#midnight);
    // At midnight the bookable window moves on; and no join is older than a day. Spread over half a minute.
    const wait = Math.min(DAY_MS, untilMidnight(this.clock.now(), this.zone)) + Math.random() * 30_000;
    this.#midnight = setTimeout(() => this.#rejoin(), wait);
  }

  #rejoin(): void {
    this.#position = null;
    this.#picture = null;
    this.#socket.redial();
  }

  #show(changes: { gone: Touched[]; come: Touched[] }): void {
    // What went because its time had passed needs no farewell.
    const now = this.clock.now();
    const gone = changes.gone.filter((touched) => touched.slot.from_ms <= now && now < touched.slot.until_ms);
    const come = changes.come;
    if (gone.length === 0 && come.length === 0) return;
    this.gone = new Map([
      ...[...this.gone].filter(([key]) => !come.some((touched) => keyOf(touched.kind, touched.start_ms) === key)),
      ...gone.map((touched) => [keyOf(touched.kind, touched.start_ms), touched] as const),
    ]);
    this.come = new Set([...this.come, ...come.map((touched) => keyOf(touched.kind, touched.start_ms))]);
    this.spoken = { gone, come };
    this.#later(GONE_SHOWN_MS, () => {
      const keys = new Set(gone.map((touched) => keyOf(touched.kind, touched.start_ms)));
      this.gone = new Map([...this.gone].filter(([key]) => !keys.has(key)));
    });
    this.#later(COME_SHOWN_MS, () => {
      const keys = new Set(come.map((touched) => keyOf(touched.kind, touched.start_ms)));
      this.come = new Set([...this.come].filter((key) => !keys.has(key)));
    });
  }

  #later(wait: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, wait);
    this.#timers.add(timer);
  }
}
