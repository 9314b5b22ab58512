// Colours of types come from the practice; text on them must stay readable whatever they chose.

/** `percent` of `colour` in what cards stand on, as CSS; more of it by night, where little is not seen. */
export function tint(colour: string, percent: number): string {
  return `color-mix(in srgb, ${safe(colour)} calc(${percent}% * var(--tint-strength)), var(--surface))`;
}

/** `colour` if it is one, a quiet grey otherwise. */
export function safe(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour : '#64748b';
}
