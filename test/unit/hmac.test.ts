/** Protects: our HMAC is HMAC-SHA256 for every key and text, so that codes and look-ups rest on the standard. */

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeHmac } from '../../src/core/hmac.ts';

test('equals createHmac for any key of up to 64 bytes and any text', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1, maxLength: 5 }),
      (bytes, texts) => {
        const mac = makeHmac(Buffer.from(bytes));
        // Several texts under one MAC: nothing of the one before may show in the next.
        for (const text of texts) {
          if (Buffer.byteLength(text) > 512) continue;
          expect(mac(text)).toBe(createHmac('sha256', bytes).update(text).digest('hex'));
        }
      },
    ),
    { numRuns: 500 },
  );
});
