// Colours of types come from the practice; text on them must stay readable whatever they chose.

function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** WCAG contrast between two `#rrggbb` colours. */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Mixes `share` of `colour` into white, as `#rrggbb`. */
export function tint(colour: string, share: number): string {
  const mix = (at: number): string => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16);
    return Math.round(255 + (value - 255) * share).toString(16).padStart(2, '0');
  };
  return /^#[0-9a-f]{6}$/i.test(colour) ? `#${mix(1)}${mix(3)}${mix(5)}` : '#e8ecea';
}

/** `colour` if it is one, a quiet grey otherwise. */
export function safe(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour : '#64748b';
}
