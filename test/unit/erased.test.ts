// Protects: an erased id tells nobody who it was, is the same for the same person in a campaign and another one in the
// next, and is never erased twice; an id that only looks like one is erased like any other.

import { describe, expect, it } from 'vitest';
import { normalUserId } from '../../src/core/claim.ts';
import { erasureKey, makeEraser } from '../../src/core/erased.ts';

const MASTER = Buffer.alloc(32, 3);
const eraser = makeEraser(erasureKey(MASTER, 'chicken-100'));

describe('an erased id', () => {
  it('is the same for the same person, and another for another', () => {
    expect(eraser('u-1')).toBe(eraser('u-1'));
    expect(eraser('u-1')).not.toBe(eraser('u-2'));
    expect(eraser('Ann')).not.toBe(eraser('ann'));
    expect(eraser('u-1')).not.toContain('u-1');
  });

  it('says nothing about another campaign, or under another secret', () => {
    expect(makeEraser(erasureKey(MASTER, 'pizza'))('u-1')).not.toBe(eraser('u-1'));
    expect(makeEraser(erasureKey(Buffer.alloc(32, 4), 'chicken-100'))('u-1')).not.toBe(eraser('u-1'));
  });

  it('stays as it is', () => {
    expect(eraser(eraser('u-1'))).toBe(eraser('u-1'));
  });

  it.each([
    'erased:',
    `erased:${'0'.repeat(48)}`,
    `${eraser('u-1').slice(0, -1)}x`,
    `${eraser('u-1')}0`,
    makeEraser(erasureKey(MASTER, 'pizza'))('u-1'),
  ])('cannot be chosen by somebody: %s', (chosen) => {
    expect(eraser(chosen)).not.toBe(chosen);
  });

  it('is a user id like any other, of whatever length the person’s was', () => {
    for (const id of ['u', '김'.repeat(42), 'x'.repeat(128)]) {
      expect(normalUserId(eraser(id))).toBe(eraser(id));
      expect(eraser(id)).toHaveLength(55);
    }
  });
});
