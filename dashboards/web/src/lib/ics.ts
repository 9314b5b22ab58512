// A calendar file (RFC 5545) made in the browser: the appointment never travels to a calendar service.

export type CalendarEntry = { uid: string; start_ms: number; end_ms: number; stamp_ms: number; summary: string; location: string; description: string };

const utc = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
const escape = (text: string): string => text.replace(/\\/g, '\\\\').replace(/;/g, '\\;').replace(/,/g, '\\,').replace(/\r?\n/g, '\\n');

/** Folds at 75 octets as the format wants, never inside a character. */
function fold(line: string): string {
  const encoder = new TextEncoder();
  let out = '';
  let octets = 0;
  for (const character of line) {
    const size = encoder.encode(character).length;
    if (octets + size > 74) {
      out += '\r\n ';
      octets = 1;
    }
    out += character;
    octets += size;
  }
  return out;
}

export function calendarFile(entry: CalendarEntry): string {
  const lines = [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Cabinet en Ligne//FR', 'CALSCALE:GREGORIAN', 'METHOD:PUBLISH', 'BEGIN:VEVENT',
    `UID:${entry.uid}@cabinet-en-ligne`, `DTSTAMP:${utc(entry.stamp_ms)}`, `DTSTART:${utc(entry.start_ms)}`, `DTEND:${utc(entry.end_ms)}`,
    `SUMMARY:${escape(entry.summary)}`, `LOCATION:${escape(entry.location)}`, `DESCRIPTION:${escape(entry.description)}`,
    'END:VEVENT', 'END:VCALENDAR',
  ];
  return `${lines.map(fold).join('\r\n')}\r\n`;
}
