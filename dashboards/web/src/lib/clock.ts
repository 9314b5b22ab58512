// The server's time as seen from this browser. The one place that compares the two clocks.

/** Offset between the server's clock and ours, in milliseconds; the latest sample wins. */
export class ServerClock {
  #offset = 0;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A frame said it is `serverNow` there. */
  sync(serverNow: number): void {
    this.#offset = serverNow - this.#now();
  }

  /** Now, by the server's clock, in milliseconds since 1970. */
  now(): number {
    return this.#now() + this.#offset;
  }
}

/** Whole seconds left until `until`, never negative; the last begun second still counts. */
export function secondsLeft(until: number, now: number): number {
  return Math.max(0, Math.ceil((until - now) / 1000));
}

/** `4:05` from 245 seconds. */
export function countdown(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Whether a screen reader should be told at this second: every minute, then at 30, 15 and 0. */
export function worthSaying(seconds: number): boolean {
  return seconds === 0 || seconds === 15 || seconds === 30 || (seconds > 0 && seconds % 60 === 0);
}
