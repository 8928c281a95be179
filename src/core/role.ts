/** What an operator key allows; each role may do what the ones before it may. */

export const ROLES = ['read', 'operate', 'admin'] as const;
export type Role = (typeof ROLES)[number];
