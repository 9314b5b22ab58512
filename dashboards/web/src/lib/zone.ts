// Civil time: between instants (milliseconds) and what a clock on the practice's wall shows. Days are `YYYY-MM-DD`,
// wall times `YYYY-MM-DDTHH:MM:SS`. Nothing here reads a clock.

const formats = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

const walls = new Map<string, string>();
const WALLS_MAX = 20_000;

/** What the wall shows at an instant. Remembered, as screens ask for the same few thousand instants at every change. */
export function wallOf(instant: number, zone: string): string {
  const key = `${zone}@${instant}`;
  let wall = walls.get(key);
  if (wall === undefined) {
    if (walls.size >= WALLS_MAX) walls.clear();
    walls.set(key, (wall = readWall(instant, zone)));
  }
  return wall;
}

function readWall(instant: number, zone: string): string {
  const parts: Record<string, string> = {};
  for (const part of formatter(zone).formatToParts(instant)) parts[part.type] = part.value;
  return `${parts['year']}-${parts['month']}-${parts['day']}T${parts['hour']}:${parts['minute']}:${parts['second']}`;
}

/** The day at an instant. */
export function dayOf(instant: number, zone: string): string {
  return wallOf(instant, zone).slice(0, 10);
}

/** `HH:MM` at an instant. */
export function timeOf(instant: number, zone: string): string {
  return wallOf(instant, zone).slice(11, 16);
}

function asUtc(wall: string): number {
  return Date.parse(`${wall.length === 16 ? `${wall}:00` : wall}Z`);
}

/** Minutes the zone is ahead of UTC at an instant. */
export function offsetMinutes(instant: number, zone: string): number {
  const whole = Math.floor(instant / 1000) * 1000;
  return Math.round((asUtc(wallOf(whole, zone)) - whole) / 60_000);
}

/**
 * The instant at which the wall shows `wall`. A doubled hour gives the first of the two; a missing one is pushed forward by
 * the length of the gap, as the server does.
 */
export function instantOf(wall: string, zone: string): number {
  const utc = asUtc(wall);
  const before = offsetMinutes(utc - 86_400_000, zone);
  const after = offsetMinutes(utc + 86_400_000, zone);
  const first = utc - before * 60_000;
  if (before === after || offsetMinutes(first, zone) === before) return first;
  const second = utc - after * 60_000;
  return offsetMinutes(second, zone) === after ? second : first;
}

/** `day` plus `count` days. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

/** 1 for Monday to 7 for Sunday. */
export function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}

/** The Monday of the day's week. */
export function mondayOf(day: string): string {
  return addDays(day, 1 - weekdayOf(day));
}

/** First instant of a day in a zone. */
export function startOfDay(day: string, zone: string): number {
  return instantOf(`${day}T00:00:00`, zone);
}

/** Milliseconds from `instant` to the next local midnight. */
export function untilMidnight(instant: number, zone: string): number {
  return startOfDay(addDays(dayOf(instant, zone), 1), zone) - instant;
}

/** `wall` plus seconds, by the wall (no zone involved). */
export function addWallSeconds(wall: string, seconds: number): string {
  return new Date(asUtc(wall) + seconds * 1000).toISOString().slice(0, 19);
}

/** ISO offset such as `+01:00` or `-04:00`. */
export function isoOffset(instant: number, zone: string): string {
  const minutes = offsetMinutes(instant, zone);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
}

/** A day or instant in words. Days are formatted at noon UTC, so the zone cannot shift them. */
export function formatDay(day: string, language: string, options: Intl.DateTimeFormatOptions): string {
  return cached(language, { ...options, timeZone: 'UTC' }).format(Date.parse(`${day}T12:00:00Z`));
}

/** An instant in words, in a zone. */
export function formatInstant(instant: number, zone: string, language: string, options: Intl.DateTimeFormatOptions): string {
  return cached(language, { ...options, timeZone: zone }).format(instant);
}

const worded = new Map<string, Intl.DateTimeFormat>();

function cached(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = language === 'en' ? 'en-GB' : 'fr-FR';
  const key = locale + JSON.stringify(options);
  let format = worded.get(key);
  if (!format) worded.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

/** An instant of the next day or so: the time, with its day unless that is today. */
export function soon(instant: number, now: number, zone: string, language: string): string {
  const today = dayOf(instant, zone) === dayOf(now, zone);
  return formatInstant(instant, zone, language, { hour: '2-digit', minute: '2-digit', ...(today ? {} : { weekday: 'long' }) });
}
