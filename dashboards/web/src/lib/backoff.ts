// How long to wait before the next attempt to connect.

const BASE_MS = 400;
const CAP_MS = 20_000;

/** Exponential with full jitter, so that a thousand browsers do not come back in one instant. `attempt` counts from 0. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(random() * ceiling);
}
