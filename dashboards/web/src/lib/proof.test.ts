// The browser's judge of the audit log, on a tree and a signature made here with Node's own cryptography.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describes, judge, readNote } from './proof';
import type { AuditProof, AuditSaid } from './wire';

const sha = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha(Buffer.from([1]), left, right);

const said: AuditSaid = {
  at_ms: 1_795_766_400_000, actor: 'staff', member: '0'.repeat(30) + '11', name: 'Anne', role: 'secretary', act: 'booking.booked', denied: false, count: 1,
  agenda: '0'.repeat(30) + '22', subject_kind: 'booking', subject: '0'.repeat(30) + '33', patient: '0'.repeat(30) + '44', from_ms: 5, until_ms: 9,
  session: '07'.repeat(8), network: '192.0.*', note: 'é',
};
// The golden bytes of the server's own test.
const record = Buffer.from(
  '01000001a21c04b400010000000000000000000000000000001104000a00000000000000000000000000000000220100000000000000000000000000000033'
  + '000000000000000000000000000000440000000000000005000000000000000907070707070707070000000000000000000000000000005500000001073139322e302e2a0002c3a9', 'hex');
const salt = Buffer.alloc(16, 3);
const own = sha(Buffer.from([0]), salt, record);

/** Our leaf as one of three, and what shows that it is. */
function made(number: number): AuditProof {
  const others = [sha(Buffer.from('a')), sha(Buffer.from('b'))] as const;
  const leaves = number === 0 ? [own, others[0], others[1]] : number === 1 ? [others[0], own, others[1]] : [others[0], others[1], own];
  const [first, second, third] = leaves as [Buffer, Buffer, Buffer];
  const root = node(node(first, second), third);
  const beside = number === 0 ? [second, third] : number === 1 ? [first, third] : [node(first, second)];
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.concat([Buffer.from([1]), publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)]);
  const name = 'log.example/audit';
  const hash = sha(Buffer.from(`${name}\n`), raw).subarray(0, 4);
  const text = `${name}/practice\n3\n${root.toString('base64')}\ntime 5\n`;
  const signature = Buffer.concat([hash, sign(null, Buffer.from(text), privateKey)]);
  return {
    number, salt: salt.toString('hex'), record: record.toString('hex'), size: 3, hashes: beside.map((one) => one.toString('hex')),
    checkpoint: `${text}\n\u2014 ${name} ${signature.toString('base64')}\n`, public_key: `${name}+${hash.toString('hex')}+${raw.toString('base64')}`,
  };
}

describe('the judge of the audit log', () => {
  it('finds every leaf of a tree in order, and the signature good', async () => {
    for (const number of [0, 1, 2]) {
      expect(await judge(made(number), said)).toMatchObject({ describes: true, included: true, signature: true });
    }
  });

  it('finds what was changed', async () => {
    const proof = made(1);
    expect(await judge({ ...proof, salt: '00'.repeat(16) }, said)).toMatchObject({ included: false });
    expect(await judge({ ...proof, number: 0 }, said)).toMatchObject({ included: false });
    expect(await judge({ ...proof, hashes: proof.hashes.slice(1) }, said)).toMatchObject({ included: false });
    expect(await judge({ ...proof, public_key: made(1).public_key }, said)).toMatchObject({ signature: false });
    const older = proof.checkpoint.replace('time 5', 'time 6');
    expect(await judge({ ...proof, checkpoint: older }, said)).toMatchObject({ included: true, signature: false });
    expect(await judge({ ...proof, checkpoint: 'nothing' }, said)).toMatchObject({ note: null, included: false });
  });

  it('holds what is shown against what was hashed', () => {
    const bytes = new Uint8Array(record);
    expect(describes(bytes, said)).toBe(true);
    for (const other of [{ at_ms: 1 }, { actor: 'bearer' }, { member: null }, { act: 'booking.moved' }, { denied: true }, { agenda: null }, { subject: null }, { patient: null }, { count: 2 }]) {
      expect(describes(bytes, { ...said, ...other }), JSON.stringify(other)).toBe(false);
    }
    expect(describes(bytes.slice(0, 100), said)).toBe(false);
  });

  it('reads notes as C2SP writes them', () => {
    expect(readNote(made(0).checkpoint)).toMatchObject({ origin: 'log.example/audit/practice', size: 3, at_ms: 5 });
    expect(readNote('origin\n03\nAA==\ntime 5\n\n')).toBeNull();
  });
});
