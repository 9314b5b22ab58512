// Passkeys: what the browser does with the server's options. Nothing of a key is kept here.

import { ProblemError, localProblem } from './api';

/** What current browsers have and TypeScript's library does not know yet (Web Authentication, level 3). */
interface FromJson {
  parseCreationOptionsFromJSON?: (options: object) => PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON?: (options: object) => PublicKeyCredentialRequestOptions;
}

const browser = (): FromJson | null => (typeof PublicKeyCredential === 'undefined' ? null : (PublicKeyCredential as unknown as FromJson));

/** Whether a host can have keys: an address of numbers cannot. */
export function isNamed(host: string): boolean {
  return host !== '' && !host.startsWith('[') && !/^[\d.]+$/.test(host);
}

/** Whether this browser has passkeys for this page. */
export function canUsePasskeys(): boolean {
  const here = browser();
  return here?.parseCreationOptionsFromJSON !== undefined && here.parseRequestOptionsFromJSON !== undefined && isNamed(location.hostname);
}

/** Why a browser made or showed no key. Somebody who changed their mind is told nothing else than that it was given up. */
export function codeOf(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'InvalidStateError') return 'passkey_there';
  if (name === 'NotAllowedError' && error instanceof Error && /certificate/i.test(error.message)) return 'passkey_certificate';
  if (name === 'NotAllowedError' || name === 'AbortError') return 'passkey_given_up';
  return 'passkey_failed';
}

async function carriedOut(what: () => Promise<Credential | null>): Promise<object> {
  try {
    const credential = await what();
    if (credential instanceof PublicKeyCredential) return credential.toJSON() as object;
  } catch (error) {
    throw new ProblemError(localProblem(codeOf(error), 0));
  }
  throw new ProblemError(localProblem('passkey_failed', 0));
}

/** Has the browser make a key. */
export function createPasskey(options: object): Promise<object> {
  return carriedOut(() => {
    const publicKey = browser()?.parseCreationOptionsFromJSON?.(options);
    return publicKey ? navigator.credentials.create({ publicKey }) : Promise.resolve(null);
  });
}

/** Has the browser show a key. */
export function showPasskey(options: object): Promise<object> {
  return carriedOut(() => {
    const publicKey = browser()?.parseRequestOptionsFromJSON?.(options);
    return publicKey ? navigator.credentials.get({ publicKey }) : Promise.resolve(null);
  });
}

/** A name to begin with: the system this browser runs on. */
export function deviceName(agent: string): string {
  const known = [['iPhone', /iPhone/], ['iPad', /iPad/], ['Android', /Android/], ['Mac', /Macintosh/], ['Windows', /Windows/], ['Linux', /Linux/]] as const;
  return known.find(([, pattern]) => pattern.test(agent))?.[0] ?? '';
}
