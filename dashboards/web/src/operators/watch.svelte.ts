// The live picture of the installation: one stream, opened again by itself; samples of what is drawn as curves.

import type { Overview } from '../lib/wire';
import { rate } from './figures';

/** Samples kept of each curve, one a second. */
export const SAMPLES = 120;

export class Watch {
  overview = $state.raw<Overview | null>(null);
  line = $state<'open' | 'lost'>('lost');
  commandsPerSecond = $state.raw<readonly number[]>([]);
  syncMilliseconds = $state.raw<readonly number[]>([]);
  #source: EventSource | null = null;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #former: { commands: number; at: number } | null = null;

  constructor(private readonly ended: () => void) {}

  start(): void {
    const source = new EventSource('/api/v1/ops/live');
    this.#source = source;
    source.addEventListener('open', () => (this.line = 'open'));
    source.addEventListener('overview', (event) => (this.overview = JSON.parse(event.data) as Overview));
    source.addEventListener('ended', () => this.ended());
    source.addEventListener('error', () => {
      this.line = 'lost';
      // The browser dials again by itself, except after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) this.ended();
    });
    this.#ticker = setInterval(() => this.#sample(), 1000);
  }

  stop(): void {
    this.#source?.close();
    clearInterval(this.#ticker);
  }

  figure(name: string): number {
    return this.overview?.figures.find((one) => one.name === name)?.value ?? 0;
  }

  #sample(): void {
    if (!this.overview) return;
    const now = { commands: this.figure('cabinet_commands_accepted_total'), at: performance.now() };
    const add = (samples: readonly number[], value: number): readonly number[] => [...samples, value].slice(-SAMPLES);
    if (this.#former) this.commandsPerSecond = add(this.commandsPerSecond, rate(this.#former, now));
    this.#former = now;
    this.syncMilliseconds = add(this.syncMilliseconds, this.figure('cabinet_journal_sync_last_seconds') * 1000);
  }
}
