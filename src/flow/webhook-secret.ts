/** Secrets of webhook endpoints: made here, shown once, kept sealed under a key that comes from the master secret. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { deriveKey } from '../core/code.ts';
import { webhookKey, webhookSecret } from '../core/webhook.ts';
import type { System } from '../ports/system.ts';

const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The newest first. */
export interface SecretInForce {
  secret: string;
  /** signs until then, epoch ms; null: until it is replaced */
  until: number | null;
}

export function mintWebhookSecret(system: Pick<System, 'randomBytes'>): string {
  return webhookSecret(system.randomBytes(SECRET_BYTES));
}

export interface SecretSeal {
  seal(endpointId: string, secrets: readonly SecretInForce[]): string;
  /** Throws when it was sealed under another master secret, or for another endpoint. */
  open(endpointId: string, sealed: string): SecretInForce[];
  /** The keys to sign with now. */
  keys(endpointId: string, sealed: string, now: number): Buffer[];
}

export function makeSecretSeal(master: Buffer, system: Pick<System, 'randomBytes'>): SecretSeal {
  const key = deriveKey(master, 'webhook-secrets');
  const open = (endpointId: string, sealed: string): SecretInForce[] => {
    const bytes = Buffer.from(sealed, 'base64');
    const end = bytes.length - TAG_BYTES;
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(Buffer.from(endpointId)).setAuthTag(bytes.subarray(end));
    const text = Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, end)), cipher.final()]);
    return JSON.parse(text.toString('utf8')) as SecretInForce[];
  };
  return {
    seal(endpointId, secrets) {
      const nonce = system.randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(endpointId));
      const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64');
    },
    open,
    keys: (endpointId, sealed, now) =>
      open(endpointId, sealed)
        .filter(({ until }) => until === null || now < until)
        .flatMap(({ secret }) => webhookKey(secret) ?? []),
  };
}
