// Where a screen stands in a topic, and what the next frame means for it. No sockets here.

/** A place in one unbroken sequence. */
export type Position = { history: string; seq: number };

/** What to do with a delta: apply it and stand at `position`, drop it as already known, or join again without a position. */
export type Step = { kind: 'apply'; position: Position } | { kind: 'known' } | { kind: 'gap' };

/** The protocol's gap rule: a delta that ends at or before the position is known, one that starts beyond it leaves a gap. */
export function step(position: Position | null, from: number, to: number): Step {
  if (position === null || from > position.seq) return { kind: 'gap' };
  if (to <= position.seq) return { kind: 'known' };
  return { kind: 'apply', position: { history: position.history, seq: to } };
}

/** Whether `resumed` speaks of the position that was asked for; otherwise the state held is not the one the server means. */
export function resumes(position: Position | null, history: string, seq: number): boolean {
  return position !== null && position.history === history && position.seq === seq;
}
