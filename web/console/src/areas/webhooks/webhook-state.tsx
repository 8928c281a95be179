/** How a webhook stands: a word, a shape and a colour. */

import { useWords } from '../../language.tsx';
import { Mark } from '../../parts/pieces.tsx';
import { type Webhook, words } from './words.ts';

export function WebhookState({ of }: { of: Webhook['state'] }) {
  const w = useWords(words);
  return <Mark shape={of === 'enabled' ? '●' : '‖'} tone={of === 'enabled' ? 'won' : 'fault'} says={w[of]} />;
}
