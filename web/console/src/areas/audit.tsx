/** Who changed what, before and after. */

import { useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';

const words = { ko: { title: '감사 기록' }, en: { title: 'Audit log' } };

export default function View() {
  const w = useWords(words);
  return <Head title={w.title} />;
}
