/** Facts set aside: why, what a replay would do, and doing it. */

import { useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';

const words = { ko: { title: '못 쓴 사실' }, en: { title: 'Dead letters' } };

export default function View() {
  const w = useWords(words);
  return <Head title={w.title} />;
}
