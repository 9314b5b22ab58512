import { describe, expect, it } from 'vitest';
import { codeOf, deviceName, isNamed } from './passkeys';

describe('passkeys', () => {
  it('need a host with a name', () => {
    expect(['localhost', 'rdv.example', '7.example'].every(isNamed)).toBe(true);
    expect(['127.0.0.1', '[::1]', ''].some(isNamed)).toBe(false);
  });

  it('say why there is none, in what can be told', () => {
    const named = (name: string, message = ''): Error => Object.assign(new Error(message), { name });
    expect(codeOf(named('InvalidStateError'))).toBe('passkey_there');
    expect(codeOf(named('NotAllowedError'))).toBe('passkey_given_up');
    expect(codeOf(named('NotAllowedError', 'WebAuthn is not supported on sites with TLS certificate errors.'))).toBe('passkey_certificate');
    expect(codeOf(named('SecurityError'))).toBe('passkey_failed');
    expect(codeOf('odd')).toBe('passkey_failed');
  });

  it('are called after the device at first', () => {
    expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)')).toBe('iPhone');
    expect(deviceName('Mozilla/5.0 (Linux; Android 16)')).toBe('Android');
    expect(deviceName('curl')).toBe('');
  });
});
