/** What a view shows when it has nothing to show: loading, empty, not allowed, or a fault with what to do. */

import { Button } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Trouble } from '../api.ts';
import { useWords } from '../language.tsx';
import { Refusal } from '../said.tsx';

const words = {
  ko: {
    loading: '불러오고 있어요.',
    again: '다시 시도',
    unreachable: '서버에 닿지 않아요. 서버가 떠 있는지 확인해 주세요.',
    forbidden: '이 키로는 볼 수 없어요. 더 높은 권한의 키로 들어와 주세요.',
    fault: '불러오지 못했어요.',
  },
  en: {
    loading: 'Loading.',
    again: 'Try again',
    unreachable: 'The server does not answer. See that it runs.',
    forbidden: 'This key may not see this. Sign in with one that may.',
    fault: 'This could not be loaded.',
  },
};

export function Loading() {
  const w = useWords(words);
  return (
    <p className="state-says" role="status">
      {w.loading}
    </p>
  );
}

/** Says what to do first, and gives the command. */
export function Empty({ children, command }: { children: ReactNode; command?: string }) {
  return (
    <div className="state-says">
      <p>{children}</p>
      {command ? <code className="command">{command}</code> : null}
    </div>
  );
}

export function Fault({ error, again }: { error: unknown; again?: () => void }) {
  const w = useWords(words);
  const trouble = error instanceof Trouble ? error : null;
  const says = trouble?.status === 0 ? w.unreachable : trouble?.status === 403 ? w.forbidden : w.fault;
  return (
    <div className="state-says" role="alert">
      <p>
        <span className="mark fault" aria-hidden="true">
          ✕
        </span>{' '}
        {says}
      </p>
      {trouble && trouble.status > 0 && trouble.status !== 403 ? (
        <p className="quiet">
          <Refusal error={trouble} /> <code>{trouble.code}</code>
        </p>
      ) : null}
      {again ? (
        <Button variant="default" onClick={again}>
          {w.again}
        </Button>
      ) : null}
    </div>
  );
}

/** The data of a query, or what it shows instead. */
export function Loaded<T>({
  query,
  children,
}: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Fault error={query.error} again={() => void query.refetch()} />;
  return <Loading />;
}
