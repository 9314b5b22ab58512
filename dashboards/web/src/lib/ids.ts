// Numbers and secrets drawn in the browser.

/** 32 hexadecimal digits from the browser's random source: ids of commands, bookings and the like. */
export function newId(): string {
  return hex(16);
}

/** 64 hexadecimal digits: the secrets that own a hold or a manage link. */
export function newSecret(): string {
  return hex(32);
}

function hex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
