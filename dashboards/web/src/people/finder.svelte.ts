// Searching the register while somebody types: the last question asked is the one that is answered. A short pause between two
// questions, for each is an entry of the practice's log.

import type { Desk } from '../agenda/desk.svelte';
import { api } from '../lib/api';
import type { PatientFace } from '../lib/wire';

const PAUSE_MS = 250;

export class Finder {
  found = $state.raw<readonly PatientFace[]>([]);
  more = $state(false);
  /** What the shown results answer; empty: nothing was asked. */
  answered = $state('');
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly desk: Desk) {}

  /** Asks for `text` once the typing pauses. */
  look(text: string): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const query = text.trim();
    if ([...query].length < 2) {
      this.#show('', [], false);
      return;
    }
    this.#timer = setTimeout(() => void this.#ask(query, this.#asked), PAUSE_MS);
  }

  async #ask(query: string, asked: number): Promise<void> {
    const got = await this.desk.request(() => api.searchPatients({ query }));
    if (got && asked === this.#asked) this.#show(query, got.answer.patients, got.answer.more);
  }

  #show(query: string, found: readonly PatientFace[], more: boolean): void {
    this.found = found;
    this.more = more;
    this.answered = query;
  }
}
