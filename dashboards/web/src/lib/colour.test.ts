// Text stays readable by day and by night, whatever colours a practice gives its types. The pairs are read from the tokens.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { safe, tint } from './colour';

const css = readFileSync(new URL('../styles/tokens.css', import.meta.url), 'utf8');
const [day = '', night = ''] = css.split('@media screen');
const tokens = (text: string): Map<string, string> => new Map([...text.matchAll(/--([a-z-]+): (#[0-9a-f]{3,6});/g)].map(([, name = '', value = '']) => [name, long(value)]));
const themes = new Map([['day', tokens(day)], ['night', new Map([...tokens(day), ...tokens(night)])]]);

function long(colour: string): string {
  return colour.length === 4 ? `#${[...colour.slice(1)].map((digit) => digit + digit).join('')}` : colour;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

/** WCAG contrast between two `#rrggbb` colours. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ['paper', 'surface', 'pine-faint'];
/** Text, and what it stands on. */
const pairs: ReadonlyArray<readonly [string, readonly string[]]> = [
  ['ink', [...grounds, 'paper-deep', 'pine-soft', 'field', 'amber-soft', 'danger-soft', 'closed']],
  ['ink-soft', [...grounds, 'paper-deep', 'field']],
  ['pine', [...grounds, 'pine-soft']],
  ['pine-bright', grounds],
  ['coral', ['paper', 'surface', 'coral-soft']],
  ['danger', ['paper', 'surface', 'danger-soft']],
  ['danger-deep', ['surface', 'danger-soft']],
  ['amber-ink', ['amber-soft']],
  ['grey-ink', ['grey-soft']],
  ['on-pine', ['pine', 'pine-bright']],
  ['on-danger', ['danger', 'danger-deep', 'alarm']],
  ['on-toast', ['toast']],
  ['coral-bright', ['toast']],
  ['hold-ink', ['hold', 'hold-bright']],
  ['absence-ink', ['absence', 'absence-bright']],
];

describe.each([...themes])('colours by %s', (name, theme) => {
  const strength = Number(/--tint-strength: ([\d.]+);/.exec(name === 'day' ? day : night)?.[1]);
  const of = (name: string): string => theme.get(name) ?? `no token ${name}`;

  it.each(pairs.flatMap(([text, all]) => all.map((ground) => [text, ground] as const)))('%s on %s holds 4.5:1', (text, ground) => {
    expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['paper', 'surface', 'field'])('outlines on %s hold 3:1', (ground) => {
    expect(contrast(of('line-strong'), of(ground))).toBeGreaterThanOrEqual(3);
  });

  it('keeps text on tints readable', () => {
    for (const colour of ['#0f766e', '#ffff00', '#000000', '#be185d', '#ffffff']) {
      const percent = 18 * strength;
      const ground = channels(of('surface'));
      const mixed = channels(colour).map((value, at) => Math.round(value * percent / 100 + (ground[at] ?? 0) * (1 - percent / 100)));
      const shown = `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
      expect(contrast(shown, of('ink'))).toBeGreaterThan(4.5);
      expect(contrast(shown, of('event-soft'))).toBeGreaterThan(4.5);
      expect(contrast(shown, of('event-note'))).toBeGreaterThan(4.5);
    }
  });
});

it('mixes a colour that is none as grey', () => {
  expect(tint('javascript', 20)).toBe(`color-mix(in srgb, ${safe('')} calc(20% * var(--tint-strength)), var(--surface))`);
});
