// The language in use: French unless chosen otherwise. The choice stays in this browser.

import { en } from './en';
import { fr, type Catalogue } from './fr';
import type { Problem } from '../wire';

export type Language = 'fr' | 'en';

const KEY = 'cabinet.language';

function stored(): Language {
  try {
    return localStorage.getItem(KEY) === 'en' ? 'en' : 'fr';
  } catch {
    return 'fr';
  }
}

class I18n {
  language = $state<Language>(stored());

  get t(): Catalogue {
    return this.language === 'en' ? en : fr;
  }

  choose(language: Language): void {
    this.language = language;
    try {
      localStorage.setItem(KEY, language);
    } catch {
      // The choice then lasts as long as the page.
    }
  }

  /** What a refusal means and what to do about it. */
  problem(problem: Problem): string {
    const known: Record<string, string> = this.t.problems;
    if (Object.hasOwn(known, problem.code)) return known[problem.code] ?? this.t.problems.other;
    if (problem.status === 401) return this.t.problems.unauthorised;
    if (problem.status === 403) return this.t.problems.forbidden;
    if (problem.status === 404) return this.t.problems.not_found;
    if (problem.status === 429) return this.t.problems.too_many_requests;
    if (problem.status === 503) return this.t.problems.unavailable;
    return this.t.problems.other;
  }
}

export const i18n = new I18n();
