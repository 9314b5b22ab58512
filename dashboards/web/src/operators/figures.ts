// Figures as they are drawn and written. Pure.

/** Growth a second between two readings of a counter; none after a restart, which begins it anew. */
export function rate(former: { commands: number; at: number }, now: { commands: number; at: number }): number {
  const seconds = (now.at - former.at) / 1000;
  return seconds > 0 && now.commands >= former.commands ? (now.commands - former.commands) / seconds : 0;
}

/** The points of a curve in a box of 100 by 30, newest at the right; the highest sample touches the top. */
export function curve(samples: readonly number[], most: number): string {
  const top = Math.max(...samples, Number.EPSILON);
  const step = 100 / Math.max(most - 1, 1);
  const from = 100 - step * (samples.length - 1);
  return samples.map((value, place) => `${(from + place * step).toFixed(1)},${(29 - (value / top) * 27).toFixed(1)}`).join(' ');
}

const UNITS = ['o', 'Ko', 'Mo', 'Go', 'To'];

/** Bytes in words; `letter`: what a byte is called ("o", "B"). */
export function bytes(value: number, letter: string): string {
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit + 1 < UNITS.length) {
    left /= 1024;
    unit += 1;
  }
  return `${left < 10 && unit > 0 ? left.toFixed(1) : Math.round(left)} ${(UNITS[unit] ?? 'o').replace('o', letter)}`;
}
