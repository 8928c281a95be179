/** The gate could not decide, or nobody knows whether it did: the same press again is safe. */

export class NotDecided extends Error {
  override name = 'NotDecided';
}
