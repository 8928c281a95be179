/** A table of any length: only the rows in sight are there. Rows are 32 px; arrow keys and Enter work. */

import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

export interface Column<T> {
  key: string;
  head: string;
  /** CSS grid track: `1fr`, `120px`, `minmax(160px, 2fr)` */
  width: string;
  /** numbers stand on the right */
  right?: boolean;
  cell: (row: T) => ReactNode;
}

export interface TableProps<T> {
  /** what the table is, for those who hear it */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  /** a row can be opened */
  onOpen?: (row: T) => void;
  chosen?: string | null;
  /** asked for when the end comes into sight */
  onEnd?: () => void;
  /** px; default: what the window leaves */
  height?: number;
}

const ROW = 32;

/** px: a column is never narrower, so that all rows keep in line when the table is scrolled sideways. */
const leastOf = (width: string): number => Number(/(\d+)px/.exec(width)?.[1] ?? 120);

export function Table<T>(props: TableProps<T>) {
  const { label, columns, rows, keyOf, onOpen, chosen, onEnd, height } = props;
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && rows.length > 0 && last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);
  const minWidth = columns.reduce((sum, { width }) => sum + leastOf(width), 0);
  const grid = { gridTemplateColumns: columns.map(({ width }) => width).join(' '), minWidth };
  const move = (event: KeyboardEvent, index: number): void => {
    const row = rows[index];
    if (event.key === 'Enter' && row !== undefined) onOpen?.(row);
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const next = index + step;
    if (step === 0 || next < 0 || next >= rows.length) return;
    event.preventDefault();
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };
  return (
    <div className="table" role="table" aria-label={label} aria-rowcount={rows.length + 1}>
      <div className="table-head" role="row" style={grid}>
        {columns.map(({ key, head, right }) => (
          <div key={key} role="columnheader" className={right ? 'right' : ''}>
            {head}
          </div>
        ))}
      </div>
      <div
        ref={box}
        className="table-body"
        role="rowgroup"
        style={{ minWidth, height: height ?? `min(${Math.max(1, rows.length) * ROW + 2}px, 64vh)` }}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map((item) => {
            const row = rows[item.index] as T;
            const id = keyOf(row);
            return (
              <div
                key={id}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={onOpen ? id === chosen : undefined}
                data-index={item.index}
                className={`table-row${onOpen ? ' opens' : ''}${id === chosen ? ' chosen' : ''}`}
                tabIndex={onOpen ? 0 : -1}
                onClick={() => onOpen?.(row)}
                onKeyDown={(event) => move(event, item.index)}
                style={{ ...grid, transform: `translateY(${item.start}px)`, height: ROW }}
              >
                {columns.map(({ key, cell, right }) => (
                  <div key={key} role="cell" className={right ? 'right' : ''}>
                    {cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
