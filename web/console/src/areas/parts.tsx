/** What the server runs on, how each part is, and the operator keys. */

import { useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';

const words = { ko: { title: '구성' }, en: { title: 'Parts' } };

export default function View() {
  const w = useWords(words);
  return <Head title={w.title} />;
}
