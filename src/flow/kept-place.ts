/**
 * Reading a file in turns: whoever goes on where he stopped finds his place kept; whoever was broken off has the file read
 * again up to there.
 */

export interface RowReader<Row> {
  /** Up to `size` rows of the file that begin after line `afterLine`; fewer: there are no more. */
  read(fileId: string, afterLine: number, size: number): Promise<Row[]>;
}

/** Files that are being read from at once; the place of one more is forgotten. */
const OPEN_MAX = 4;

interface Place<Row> {
  rows: AsyncGenerator<Row>;
  /** the line of the row that was read last */
  line: number;
}

/** `open`: all rows of a file, in order of lines. */
export function makeRowReader<Row extends { line: number }>(
  open: (fileId: string) => AsyncGenerator<Row>,
): RowReader<Row> {
  const places = new Map<string, Place<Row>>();
  const leave = (place: Place<Row> | undefined): void => {
    void place?.rows.return(undefined).catch(() => undefined);
  };
  const placeAt = (fileId: string, line: number): Place<Row> => {
    const known = places.get(fileId);
    places.delete(fileId);
    if (known?.line === line) return known;
    leave(known);
    return { rows: open(fileId), line: 0 };
  };
  return {
    async read(fileId, afterLine, size) {
      const place = placeAt(fileId, afterLine);
      const found: Row[] = [];
      while (found.length < size) {
        const { value, done } = await place.rows.next();
        if (done === true) return found;
        place.line = value.line;
        if (value.line > afterLine) found.push(value);
      }
      places.set(fileId, place);
      const [oldest] = places.keys();
      if (places.size > OPEN_MAX && oldest !== undefined) {
        leave(places.get(oldest));
        places.delete(oldest);
      }
      return found;
    },
  };
}
