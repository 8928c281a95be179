/** What the key of this tab may do, and what is said where it may not. */

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ask } from '../api.ts';
import { useWords } from '../language.tsx';

export type Role = 'read' | 'operate' | 'admin';

/** What the server runs on, as codes. */
export interface RunsOn {
  gate: 'process' | 'redis' | 'redis_cluster' | 'redis_sentinel' | 'none';
  log: 'journal' | 'kafka' | 'record';
  record: 'sqlite' | 'mysql';
}

export interface Who {
  /** of the key; `env`: the one that the server was started with */
  id: string;
  role: Role;
  version: string;
  /** in words; absent where the server does not tell */
  runsOn?: string;
  on?: RunsOn;
}

/** Each may do what the ones before it may. */
const RISING: readonly Role[] = ['read', 'operate', 'admin'];

const words = {
  ko: {
    needs: (role: Role, mine: Role) =>
      `이 키의 권한은 ${mine}이에요. ${role} 이상의 키가 있어야 할 수 있어요.`,
  },
  en: { needs: (role: Role, mine: Role) => `This key has the role ${mine}; this takes ${role}.` },
};

export function useWho() {
  return useQuery({
    queryKey: ['whoami'],
    queryFn: () => ask<Who>('/v1/admin/whoami'),
    staleTime: 60_000,
  });
}

/** Whether the key may do what takes `least`; false while that is not known. */
export function useMay(least: Role): boolean {
  const { data } = useWho();
  return data !== undefined && RISING.indexOf(data.role) >= RISING.indexOf(least);
}

/** What takes a role, or why it is not there. `silent`: nothing is said. */
export function Needs({ least, silent, children }: { least: Role; silent?: boolean; children: ReactNode }) {
  const w = useWords(words);
  const may = useMay(least);
  const { data } = useWho();
  if (may) return children;
  if (silent || data === undefined) return null;
  return <p className="quiet not-yours">{w.needs(least, data.role)}</p>;
}
