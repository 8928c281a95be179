/** A part that cannot be used: its message says what to change. The start is refused with it. */
export class PartFault extends Error {
  override name = 'PartFault';
}
