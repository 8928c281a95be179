/** Before and after side by side: only what changed, told by a sign and a word, not by colour alone. */

import { useWords } from '../../language.tsx';
import { type Change, valueText } from './changes.ts';
import './difference.css';

const words = {
  ko: {
    field: '항목',
    before: '전',
    after: '후',
    none: '바뀐 값이 없어요.',
    added: '추가',
    removed: '없앰',
    changed: '바꿈',
    whole: '값',
  },
  en: {
    field: 'Field',
    before: 'Before',
    after: 'After',
    none: 'No value was changed.',
    added: 'added',
    removed: 'removed',
    changed: 'changed',
    whole: 'value',
  },
};

const isNothing = (value: unknown): boolean => value === undefined || value === null;

function kindOf({ before, after }: Change): 'added' | 'removed' | 'changed' {
  if (isNothing(before)) return 'added';
  return isNothing(after) ? 'removed' : 'changed';
}

const SIGNS = { added: '+', removed: '−', changed: '±' } as const;

export function Difference({ changes }: { changes: readonly Change[] }) {
  const w = useWords(words);
  if (changes.length === 0) return <p className="quiet">{w.none}</p>;
  return (
    <table className="difference">
      <thead>
        <tr>
          <th scope="col">{w.field}</th>
          <th scope="col">{w.before}</th>
          <th scope="col">{w.after}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => {
          const kind = kindOf(change);
          return (
            <tr key={change.path}>
              <th scope="row">
                {change.path === '' ? w.whole : change.path}
                {change.apart ? null : (
                  <span className="quiet">
                    <span aria-hidden="true">{SIGNS[kind]}</span> {w[kind]}
                  </span>
                )}
              </th>
              <td>
                {isNothing(change.before) ? (
                  <span className="quiet">–</span>
                ) : change.apart ? (
                  valueText(change.before)
                ) : (
                  <del>{valueText(change.before)}</del>
                )}
              </td>
              <td>
                {isNothing(change.after) ? (
                  <span className="quiet">–</span>
                ) : (
                  <ins>{valueText(change.after)}</ins>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
