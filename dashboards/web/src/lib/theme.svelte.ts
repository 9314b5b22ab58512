// By day or by night: as the device says unless chosen otherwise here. The choice stays in this browser; going back to what
// the device says forgets it, so that the page follows the device again.

const KEY = 'cabinet.theme';

export type Theme = 'light' | 'dark';

class Themes {
  #device = matchMedia('(prefers-color-scheme: dark)');
  #chosen = $state<Theme | null>(stored());
  #deviceDark = $state(this.#device.matches);

  constructor() {
    this.#device.addEventListener('change', (event) => {
      this.#deviceDark = event.matches;
      this.#show();
    });
    this.#show();
  }

  get current(): Theme {
    return this.#chosen ?? (this.#deviceDark ? 'dark' : 'light');
  }

  toggle(): void {
    const wanted: Theme = this.current === 'dark' ? 'light' : 'dark';
    this.#chosen = (wanted === 'dark') === this.#deviceDark ? null : wanted;
    try {
      if (this.#chosen) localStorage.setItem(KEY, this.#chosen);
      else localStorage.removeItem(KEY);
    } catch {
      // The choice then lasts as long as the page.
    }
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset['theme'] = this.current;
  }
}

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'dark' || value === 'light' ? value : null;
  } catch {
    return null;
  }
}

export const theme = new Themes();
