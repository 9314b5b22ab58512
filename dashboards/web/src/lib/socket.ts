// A socket that comes back by itself. It knows nothing of what is said over it.

import { backoffMs } from './backoff';

export type ConnectionState = 'live' | 'reconnecting' | 'offline';

/** Where to dial, and the protocols to name there. */
export type Destination = { address: string; protocols: string[] };

export type SocketEvents = {
  /** Asked at each attempt: a board's position is part of it, and a session's ticket, which has to be fetched first. */
  destination: () => Destination | Promise<Destination>;
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
  /** An attempt that waits for its destination. */
  #asking: object | null = null;
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
    void this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#offline);
    removeEventListener('online', this.#hurry);
    removeEventListener('offline', this.#cut);
    document.removeEventListener('visibilitychange', this.#hurry);
    this.#socket?.close(1000);
    this.#socket = this.#asking = null;
  }

  /** Drops the line and dials again at once: after a gap, at midnight, or when the machine says that it is cut off. */
  redial(): void {
    if (this.#stopped) return;
    const socket = this.#socket;
    this.#socket = this.#asking = null;
    socket?.close(1000);
    clearTimeout(this.#timer);
    this.#ended({ everOpened: true, final: false });
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
    if (document.visibilityState !== 'visible' || this.#socket || this.#asking || this.#stopped) return;
    clearTimeout(this.#timer);
    void this.#dial();
  };

  // The network is gone: a socket that nobody answers would look open for minutes.
  #cut = (): void => this.redial();

  #lost(): void {
    if (this.#offline !== undefined) return;
    this.#events.state('reconnecting');
    this.#offline = setTimeout(() => this.#events.state('offline'), OFFLINE_AFTER_MS);
  }

  /** The line is gone, or never came to be: told, and dialled again after a while unless that is of no use. */
  #ended(how: { everOpened: boolean; final: boolean }): void {
    this.#lost();
    this.#events.closed?.(how);
    if (how.final) {
      this.#events.state('offline');
      return;
    }
    this.#timer = setTimeout(() => void this.#dial(), backoffMs(this.#attempt));
    this.#attempt += 1;
  }

  async #dial(): Promise<void> {
    if (this.#stopped || this.#socket || this.#asking) return;
    const asking = (this.#asking = {});
    const destination = await Promise.resolve(this.#events.destination()).catch(() => null);
    if (this.#asking !== asking) return;
    this.#asking = null;
    if (destination) this.#open(destination);
    else this.#ended({ everOpened: false, final: false });
  }

  #open({ address, protocols }: Destination): void {
    const socket = new WebSocket(address, protocols);
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
      this.#ended({ everOpened: opened, final: FINAL_CODES.has(code) });
    };
  }
}

/** `wss://host/path` of this page. */
export function socketAddress(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
}
