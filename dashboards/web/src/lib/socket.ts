// A socket that comes back by itself. It knows nothing of what is said over it.

import { backoffMs } from './backoff';

export type ConnectionState = 'live' | 'reconnecting' | 'offline';

export type SocketEvents = {
  /** Address to dial, asked at each attempt: the position is part of it on boards. */
  address: () => string;
  /** The line is open. */
  opened: () => void;
  /** One parsed frame. */
  frame: (frame: unknown) => void;
  /** Told when the state changes. */
  state: (state: ConnectionState) => void;
  /** The line broke; `everOpened`: this line had been open; `final`: the server does not want it dialled again. */
  closed?: (how: { everOpened: boolean; final: boolean }) => void;
};

const OFFLINE_AFTER_MS = 20_000;

/** Close codes after which the protocol says not to come back by oneself: this page is at fault, or the session is over. */
const FINAL_CODES: ReadonlySet<number> = new Set([1002, 1007, 1009, 4001, 4029]);

export class LiveSocket {
  #socket: WebSocket | null = null;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #offline: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  readonly #events: SocketEvents;

  constructor(events: SocketEvents) {
    this.#events = events;
  }

  start(): void {
    addEventListener('online', this.#hurry);
    addEventListener('offline', this.#cut);
    document.addEventListener('visibilitychange', this.#hurry);
    this.#lost();
    this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#offline);
    removeEventListener('online', this.#hurry);
    removeEventListener('offline', this.#cut);
    document.removeEventListener('visibilitychange', this.#hurry);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  /** Drops the line and dials again at once: after a gap, at midnight, or when the machine says that it is cut off. */
  redial(): void {
    if (this.#stopped) return;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    clearTimeout(this.#timer);
    this.#lost();
    this.#events.closed?.({ everOpened: true, final: false });
    this.#timer = setTimeout(() => this.#dial(), backoffMs(this.#attempt));
    this.#attempt += 1;
  }

  /** The server has answered sense: the next loss starts from the shortest wait, and the screen may say "live". */
  settled(): void {
    this.#attempt = 0;
    clearTimeout(this.#offline);
    this.#offline = undefined;
    this.#events.state('live');
  }

  /** False when the line is not open: the caller keeps what it wanted to say. */
  send(frame: unknown): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #hurry = (): void => {
    if (document.visibilityState !== 'visible' || this.#socket || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#dial();
  };

  // The network is gone: a socket that nobody answers would look open for minutes.
  #cut = (): void => this.redial();

  #lost(): void {
    if (this.#offline !== undefined) return;
    this.#events.state('reconnecting');
    this.#offline = setTimeout(() => this.#events.state('offline'), OFFLINE_AFTER_MS);
  }

  #dial(): void {
    if (this.#stopped || this.#socket) return;
    const socket = new WebSocket(this.#events.address());
    let opened = false;
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      if (this.#socket === socket) this.#events.opened();
    };
    socket.onmessage = (message) => {
      if (this.#socket !== socket || typeof message.data !== 'string') return;
      let frame: unknown;
      try {
        frame = JSON.parse(message.data);
      } catch {
        this.redial();
        return;
      }
      this.#events.frame(frame);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      const final = FINAL_CODES.has(code);
      this.#lost();
      this.#events.closed?.({ everOpened: opened, final });
      if (final) {
        this.#events.state('offline');
        return;
      }
      this.#timer = setTimeout(() => this.#dial(), backoffMs(this.#attempt));
      this.#attempt += 1;
    };
  }
}

/** `wss://host/path` of this page. */
export function socketAddress(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}
