// Judging an entry of the audit log in the browser: its hash, its way to the signed root, the signature. Written from RFC 6962,
// RFC 9162 and C2SP's tlog-checkpoint and signed-note; trusts nothing the server says but what these show.

import { AUDIT_ACTS, type AuditProof, type AuditSaid } from './wire';

export type Note = { origin: string; size: number; root: Uint8Array<ArrayBuffer>; at_ms: number; text: string; signatures: readonly Signature[] };
type Signature = { name: string; hash: string; bytes: Uint8Array<ArrayBuffer> };
/** `signature` is null where this browser cannot judge one. */
export type Verdict = { describes: boolean; included: boolean; signature: boolean | null; note: Note | null };

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

const same = (one: Uint8Array, other: Uint8Array): boolean => toHex(one) === toHex(other);

/** The parts of a signed checkpoint; null when it is none. Judges nothing. */
export function readNote(text: string): Note | null {
  const [body, rest] = text.split('\n\n', 2);
  const lines = body?.split('\n') ?? [];
  const [origin, size, root, time] = lines;
  if (!origin || !size || !/^(0|[1-9]\d*)$/.test(size) || !root || !time?.startsWith('time ') || rest === undefined) return null;
  const signatures = rest.split('\n').filter((line) => line.startsWith('\u2014 ')).map((line) => {
    const [name = '', signature = ''] = [line.slice(2, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)];
    const bytes = fromBase64(signature);
    return { name, hash: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
  });
  return { origin, size: Number(size), root: fromBase64(root), at_ms: Number(time.slice(5)), text: `${body}\n`, signatures };
}

/** The root that a leaf's hash and the hashes beside its way make; null when they fit no tree of this size (RFC 9162, 2.1.3.2). */
export async function rootFrom(number: number, size: number, leaf: Uint8Array<ArrayBuffer>, beside: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer> | null> {
  if (number >= size) return null;
  let node = BigInt(number);
  let last = BigInt(size - 1);
  let hash = leaf;
  for (const other of beside) {
    if (last === 0n) return null;
    if ((node & 1n) === 1n || node === last) {
      hash = await sha256(new Uint8Array([1]), other, hash);
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await sha256(new Uint8Array([1]), hash, other);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? hash : null;
}

/** Whether this key signed the note; null where the browser knows no Ed25519. */
export async function isSigned(note: Note, publicKey: string): Promise<boolean | null> {
  const [name = '', hash, encoded = ''] = publicKey.split(/\+(.*?)\+(.*)/s);
  const key = fromBase64(encoded);
  const own = toHex((await sha256(new TextEncoder().encode(`${name}\n`), key)).slice(0, 4));
  const signature = note.signatures.find((one) => one.name === name && one.hash === hash);
  if (own !== hash || key[0] !== 1 || !signature) return false;
  try {
    const imported = await crypto.subtle.importKey('raw', key.slice(1), { name: 'Ed25519' }, false, ['verify']);
    return await crypto.subtle.verify({ name: 'Ed25519' }, imported, signature.bytes, new TextEncoder().encode(note.text));
  } catch {
    return null;
  }
}

const ACTORS = ['server', 'staff', 'bearer'];
/** A leaf with neither network nor note. */
const RECORD_BYTES_MIN = 126;

/** Whether the bytes that were hashed are those of what the screen shows: time, actor, act, outcome, agenda, subject, count. */
export function describes(record: Uint8Array<ArrayBuffer>, said: AuditSaid): boolean {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  if (record.length < RECORD_BYTES_MIN || record[0] !== 1) return false;
  const id = (at: number): string => toHex(record.slice(at, at + 16));
  const none = '0'.repeat(32);
  return Number(view.getBigInt64(1)) === said.at_ms
    && ACTORS[record[9] ?? -1] === said.actor && id(10) === (said.member ?? none)
    && AUDIT_ACTS[view.getUint16(27)] === said.act && (record[29] === 1) === said.denied && id(30) === (said.agenda ?? none)
    && id(47) === (said.subject ?? none) && id(63) === (said.patient ?? none)
    && view.getUint32(119) === said.count;
}

/** Judges an entry as it is shown. */
export async function judge(proof: AuditProof, said: AuditSaid): Promise<Verdict> {
  const note = readNote(proof.checkpoint);
  if (!note || proof.salt === null || proof.record === null) return { describes: false, included: false, signature: false, note };
  const record = fromHex(proof.record);
  const leaf = await sha256(new Uint8Array([0]), fromHex(proof.salt), record);
  const root = await rootFrom(proof.number, note.size, leaf, proof.hashes.map(fromHex));
  return { describes: describes(record, said), included: root !== null && same(root, note.root), signature: await isSigned(note, proof.public_key), note };
}
