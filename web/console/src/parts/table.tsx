/** A table of any length: only the rows in sight are there. Rows are 32 px; arrow keys and Enter work. */

import './table.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from 'react';

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

/** Where a key goes from a row; null: nowhere. */
function goalOf(key: string, index: number, count: number): number | null {
  const page = 12;
  const goals: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: count - 1,
  };
  const goal = goals[key];
  return goal === undefined ? null : Math.max(0, Math.min(count - 1, goal));
}

export function Table<T>(props: TableProps<T>) {
  const { label, columns, rows, keyOf, onOpen, chosen, onEnd, height } = props;
  const box = useRef<HTMLDivElement>(null);
  // One row at a time is reached by Tab; from there the arrows go on.
  const [reached, setReached] = useState(0);
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
  const inTabs = items.some(({ index }) => index === reached) ? reached : (items[0]?.index ?? 0);
  const move = (event: KeyboardEvent, index: number): void => {
    const goal = goalOf(event.key, index, rows.length);
    if (goal === null) return;
    event.preventDefault();
    virtual.scrollToIndex(goal);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${goal}"]`)?.focus());
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
        // What scrolls is reached by keyboard, also where no row can be opened.
        tabIndex={onOpen ? undefined : 0}
        style={{ minWidth, height: height ?? `min(${Math.max(1, rows.length) * ROW + 2}px, 64vh)` }}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map(({ index, start }) => {
            const row = rows[index] as T;
            const id = keyOf(row);
            return (
              <Row
                key={id}
                {...{ columns, row, index, onOpen, move }}
                isChosen={id === chosen}
                inTabs={onOpen !== undefined && index === inTabs}
                onReach={setReached}
                style={{ ...grid, transform: `translateY(${start}px)`, height: ROW }}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface RowProps<T> {
  columns: readonly Column<T>[];
  row: T;
  index: number;
  onOpen: ((row: T) => void) | undefined;
  move(event: KeyboardEvent, index: number): void;
  isChosen: boolean;
  inTabs: boolean;
  onReach(index: number): void;
  style: CSSProperties;
}

function Row<T>({ columns, row, index, onOpen, move, isChosen, inTabs, onReach, style }: RowProps<T>) {
  const press = (event: MouseEvent): void => {
    // A link or a button in the row does what it does by itself.
    if (!(event.target as HTMLElement).closest('a, button, input, label')) onOpen?.(row);
  };
  const type = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'Enter') onOpen?.(row);
    else move(event, index);
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={onOpen ? isChosen : undefined}
      data-index={index}
      className={`table-row${onOpen ? ' opens' : ''}${isChosen ? ' chosen' : ''}`}
      tabIndex={inTabs ? 0 : -1}
      onFocus={() => onReach(index)}
      onClick={press}
      onKeyDown={type}
      style={style}
    >
      {columns.map(({ key, cell, right }) => (
        <div key={key} role="cell" className={right ? 'right' : ''}>
          {cell(row)}
        </div>
      ))}
    </div>
  );
}
