/**
 * What the server says of itself, in the language in use. Korean is held here by code (src/words); English is the
 * server's own. Whatever is the word of somebody else, a database or a network, stays as it is and is marked so.
 */

import { PROBLEMS_KO, SAY_MORE } from '../../../src/words/problems-ko.ts';
import { fill, SAID_KO } from '../../../src/words/said-ko.ts';
import { Trouble } from './api.ts';
import { useFormat, useLanguage } from './language.tsx';

/** A sentence of the server by its code, as the API tells it beside the text. */
export interface Said {
  code: string;
  figures: Record<string, string | number>;
}

/** Words that are not ours. */
export function Original({ children }: { children: string }) {
  const { language } = useLanguage();
  if (language === 'en') return children;
  return (
    <span className="quiet">
      원문: <span lang="en">{children}</span>
    </span>
  );
}

/** A text of the server. */
export function Told({ text, said }: { text: string; said: Said | null | undefined }) {
  const { language } = useLanguage();
  const { number } = useFormat();
  const sentence = said ? (SAID_KO as Record<string, string>)[said.code] : undefined;
  if (language === 'en') return text;
  if (said === null || said === undefined || sentence === undefined) return <Original>{text}</Original>;
  const raw = said.figures['raw'];
  return (
    <>
      {fill(sentence, said.figures, number)} {raw === undefined ? null : <Original>{String(raw)}</Original>}
    </>
  );
}

const KO = {
  unreachable: '서버에 닿지 않아요. 서버가 떠 있는지 확인해 주세요.',
};

/** What went wrong with a call: a problem of the catalogue by its code. */
export function Refusal({ error }: { error: unknown }) {
  const { language } = useLanguage();
  const { message } = error as Error;
  if (language === 'en') return message;
  if (!(error instanceof Trouble)) return message;
  if (error.status === 0) return KO.unreachable;
  const sentence = (PROBLEMS_KO as Record<string, string>)[error.code];
  if (sentence === undefined) return <Original>{message}</Original>;
  return (
    <>
      {sentence} {SAY_MORE.has(error.code) ? <Original>{message}</Original> : null}
    </>
  );
}
