// Somebody with an account in a browser: an application that shows codes, and the steps of making one.
import { createHmac } from 'node:crypto';
import { waitForState } from './screens.mjs';

export const PASSWORD = 'girafe tranquille sous abricot';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function decode(secret) {
  let bits = '';
  for (const letter of secret) bits += LETTERS.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The code of a step (RFC 6238), written apart from the server's. */
export function codeOf(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const tag = createHmac('sha1', decode(secret)).update(counter).digest();
  const offset = tag[19] & 0xf;
  return String((tag.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/**
 * A code that has not been used: the server takes the step before, this one and the next, each once and none older than the
 * last used. Where all three are used up, waits for the clock to go on.
 */
export async function freshCode(account) {
  for (;;) {
    const here = Math.floor(Date.now() / 30_000);
    const step = [here - 1, here, here + 1].find((one) => one > account.usedStep);
    if (step !== undefined) {
      account.usedStep = step;
      return codeOf(account.secret, step);
    }
    await new Promise((resolve) => setTimeout(resolve, 30_000 - (Date.now() % 30_000)));
  }
}

/** Goes through the three steps of a link, into the agenda. */
export async function activate(page, account, who) {
  await makeAccount(page, account, who);
  await waitForState(page, 'live');
}

/** Goes through the three steps of a link; keeps secret and recovery codes in `account`. */
export async function makeAccount(page, account, { email, name }) {
  if (name) await page.getByTestId('name').fill(name);
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('activate').click();
  account.secret = await page.getByTestId('secret').getAttribute('data-secret');
  await page.getByTestId('first-code').fill(await freshCode(account));
  const codes = page.getByTestId('recovery-codes').locator('code');
  await codes.first().waitFor();
  account.codes = await codes.allTextContents();
  await page.getByTestId('kept').check();
  await page.getByTestId('codes-next').click();
}
