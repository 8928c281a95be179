/** What was written and not saved is not lost unasked: neither by a link, nor by going back, nor by closing the window. */

import { useEffect, useState } from 'react';
import { useWords } from '../../language.tsx';
import { Confirm } from '../../parts/pieces.tsx';
import { askBeforeLeaving } from '../../route.ts';
import { formWords } from './words.ts';

export function Unsaved({ count }: { count: number }) {
  const w = useWords(formWords);
  const [goesOn, setGoesOn] = useState<(() => void) | null>(null);
  const isUnsaved = count > 0;
  useEffect(() => {
    if (!isUnsaved) return;
    const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', hold);
    askBeforeLeaving((goOn) => setGoesOn(() => goOn));
    return () => {
      window.removeEventListener('beforeunload', hold);
      askBeforeLeaving(null);
    };
  }, [isUnsaved]);
  return (
    <Confirm
      opened={goesOn !== null}
      title={w.leaveTitle}
      action={w.leave}
      onClose={() => setGoesOn(null)}
      onConfirm={async () => {
        askBeforeLeaving(null);
        goesOn?.();
      }}
    >
      {w.leaveSays(count)}
    </Confirm>
  );
}
