/** Who enters: an operator key, tried once and kept in this tab. */

import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { ask, key, Trouble } from './api.ts';
import { useWords } from './language.tsx';

const words = {
  ko: {
    title: 'Dibs 운영',
    label: '운영자 키',
    hint: '처음 시작할 때 한 번 보여 드렸고, 데이터 폴더의 admin.key 파일에도 있어요. 이 탭에만 저장해요.',
    enter: '들어가기',
    refused: '이 키로는 들어갈 수 없어요.',
    expired: '이 키는 이제 쓸 수 없어요. 다른 키로 들어와 주세요.',
    away: '서버에 닿지 않아요. 잠시 뒤 다시 해 주세요.',
  },
  en: {
    title: 'Dibs operators',
    label: 'Operator key',
    hint: 'It was shown at the first start, and is in admin.key in the data folder. It is kept in this tab only.',
    enter: 'Enter',
    refused: 'This key does not let you in.',
    expired: 'This key is no longer valid. Enter with another one.',
    away: 'The server does not answer. Try again in a moment.',
  },
};

/** `expired`: somebody was inside, and his key has been revoked. */
export function SignIn({ expired, onEnter }: { expired: boolean; onEnter(): void }) {
  const w = useWords(words);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const [value, setValue] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(expired ? w.expired : null);
  const enter = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    key.set(value.trim());
    try {
      await ask('/v1/admin/campaigns?limit=1');
      onEnter();
    } catch (error) {
      key.set(null);
      setFault(error instanceof Trouble && error.status > 0 ? w.refused : w.away);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={(event) => void enter(event)}>
        <h1>{w.title}</h1>
        <PasswordInput
          id="key"
          label={w.label}
          description={w.hint}
          error={fault}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          autoComplete="current-password"
          required
          withAsterisk={false}
          ref={field}
        />
        <Button type="submit" color="signal" className="does" loading={busy} fullWidth mt="md">
          {w.enter}
        </Button>
      </form>
    </main>
  );
}
