// Choices of this browser's user that are nobody else's business.

const KEY = 'cabinet.shortcuts';

class Preferences {
  #shortcuts = $state(read());

  /** Whether single letters act as shortcuts (WCAG 2.1.4 wants them switchable). */
  get shortcuts(): boolean {
    return this.#shortcuts;
  }

  set shortcuts(value: boolean) {
    this.#shortcuts = value;
    try {
      localStorage.setItem(KEY, value ? 'on' : 'off');
    } catch {
      // The choice then lasts as long as the page.
    }
  }
}

function read(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off';
  } catch {
    return true;
  }
}

export const preferences = new Preferences();
