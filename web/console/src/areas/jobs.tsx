/** Batch jobs: what can run, what runs, and when it runs by itself. */

import { useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';

const words = { ko: { title: '작업' }, en: { title: 'Jobs' } };

export default function View() {
  const w = useWords(words);
  return <Head title={w.title} />;
}
