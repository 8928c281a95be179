/** How a dead letter stands: a word, a shape and a colour. */

import { useWords } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/pieces.tsx';
import { type Letter, words } from './words.ts';

const SHAPES: Readonly<Record<Letter['state'], [string, Tone]>> = {
  dead: ['✕', 'fault'],
  replayed: ['●', 'won'],
  discarded: ['□', 'quiet'],
};

export function LetterState({ of }: { of: Letter['state'] }) {
  const w = useWords(words);
  const [shape, tone] = SHAPES[of];
  return <Mark shape={shape} tone={tone} says={w[of]} />;
}
