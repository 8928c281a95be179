/** What stands beside a list when one of it is chosen: its facts, its parts, and what was shown once. */

import { Button } from '@mantine/core';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import './detail.css';
import { useWords } from '../language.tsx';

const words = {
  ko: {
    close: '닫기',
    copy: '복사',
    copied: '복사했어요',
    once: '한 번만 보여 드려요. 지금 옮겨 두세요.',
    stored: '옮겨 두었어요',
  },
  en: {
    close: 'Close',
    copy: 'Copy',
    copied: 'Copied',
    once: 'This is shown once. Keep it now.',
    stored: 'I have kept it',
  },
};

/** In a side, heads stand one lower. */
const InSide = createContext(false);

/** A list on the left, the chosen one on the right; one below the other where there is no room. */
export function Split({ children, beside }: { children: ReactNode; beside: ReactNode | null }) {
  return (
    <div className={beside === null ? 'split' : 'split has-side'}>
      <div className="split-main">{children}</div>
      {beside}
    </div>
  );
}

/** px, as in detail.css */
const ALONE_BELOW = 1100;

export interface SideProps {
  /** another one is another key: the focus goes to its head */
  title: string;
  under?: ReactNode;
  onClose(): void;
  children: ReactNode;
}

export function Side({ title, under, onClose, children }: SideProps) {
  const w = useWords(words);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Where it stands alone, what had the focus is gone.
    if (title && window.innerWidth < ALONE_BELOW) head.current?.focus();
  }, [title]);
  return (
    <section
      className="side"
      aria-label={title}
      onKeyDown={(event) => {
        // A dialog of it is elsewhere on the page, and closes by itself.
        const isInside = event.currentTarget.contains(event.target as Node);
        if (event.key === 'Escape' && isInside) onClose();
      }}
    >
      <header className="side-head">
        <h2 ref={head} tabIndex={-1}>
          {title}
        </h2>
        <Button variant="default" size="compact-sm" onClick={onClose}>
          {w.close}
        </Button>
      </header>
      {under ? <div className="side-under">{under}</div> : null}
      <InSide.Provider value>{children}</InSide.Provider>
    </section>
  );
}

/** A part of a view or of a side, with its head. */
export function Section({ title, acts, children }: { title: string; acts?: ReactNode; children: ReactNode }) {
  const Heading = useContext(InSide) ? 'h3' : 'h2';
  return (
    <div className="section">
      <header className="section-head">
        <Heading>{title}</Heading>
        {acts ? <div className="view-acts">{acts}</div> : null}
      </header>
      {children}
    </div>
  );
}

/** Terms and what they are. Rows without a value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows.map(([term, value]) =>
        value === null || value === undefined || value === '' ? null : (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** Text for machines, as it is; JSON is set out in lines. */
export function Raw({ text, label }: { text: string; label: string }) {
  return (
    // What scrolls must be reachable by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
    <pre className="raw" tabIndex={0} role="group" aria-label={label}>
      {setOut(text)}
    </pre>
  );
}

function setOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A secret that nobody can ask for again. */
export function Once({ label, secret, onDone }: { label: string; secret: string; onDone(): void }) {
  const w = useWords(words);
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <div className="once" role="status">
      <p>
        <strong>{label}</strong> {w.once}
      </p>
      <code className="once-secret">{secret}</code>
      <div className="view-acts">
        <Button color="signal" className="does" onClick={() => void copy()}>
          {copied ? w.copied : w.copy}
        </Button>
        <Button variant="default" onClick={onDone}>
          {w.stored}
        </Button>
      </div>
    </div>
  );
}

/** How far something is, by eye and by ear. `of` null: nobody knows yet. */
export function Progress({
  done,
  of,
  label,
  says,
}: {
  done: number;
  of: number | null;
  label: string;
  says: ReactNode;
}) {
  const part = of === null || of === 0 ? null : Math.min(1, done / of);
  return (
    <div className="progress">
      <div
        className="progress-way"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        {...(part === null ? {} : { 'aria-valuemax': of ?? 0, 'aria-valuenow': done })}
      >
        <div className="progress-done" style={{ width: `${(part ?? 0) * 100}%` }} />
      </div>
      <div className="progress-says">{says}</div>
    </div>
  );
}
