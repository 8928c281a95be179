/** Where facts are sent, and how each delivery went. */

import { useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';

const words = { ko: { title: '웹훅' }, en: { title: 'Webhooks' } };

export default function View() {
  const w = useWords(words);
  return <Head title={w.title} />;
}
