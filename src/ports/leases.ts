/** The right to act alone, until a time. Kept where the record is: whoever loses the database loses his leases too. */

export interface Leases {
  /** Takes or renews for `ms` from now, by the database's clock; false when somebody else has it. */
  take(name: string, holder: string, ms: number): Promise<boolean>;
  /** Gives it back before its time; nothing when it is somebody else's. */
  release(name: string, holder: string): Promise<void>;
  /** The leases in force whose name begins so. */
  held(prefix: string): Promise<{ name: string; holder: string }[]>;
}
