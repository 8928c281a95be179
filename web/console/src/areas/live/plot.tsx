/** A plot over time that takes its colours from the tokens and is drawn anew when its figures or the scheme change. */

import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

export interface Line {
  label: string;
  /** name of a token: `--won` */
  token: string;
  filling?: 'none' | 'plain' | 'dots' | 'hatch';
  dash?: number[];
  stepped?: boolean;
}

export interface PlotProps {
  /** what it shows, in words: for those who do not see it */
  says: string;
  lines: readonly Line[];
  /** seconds since the epoch, then the values of each line */
  data: uPlot.AlignedData;
  /** px */
  height: number;
  /** seconds shown at least */
  spanSeconds?: number;
  /** names values on the axis */
  value: (value: number) => string;
  clock: (ms: number) => string;
  /** of the axis at least: a plot of nothing has an axis all the same */
  least?: number;
}

/** Steps between values on the axis: there is no half of a unit. */
const WHOLE = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].flatMap((ten) => [ten, 2 * ten, 5 * ten]);

const tokenOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A filling that is told from others without its colour. */
function fillingOf({ token, filling = 'none' }: Line): string | CanvasPattern {
  const colour = tokenOf(token);
  const paper = tokenOf('--paper');
  if (filling === 'none') return 'transparent';
  const size = 8;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const pen = tile.getContext('2d');
  if (pen === null) return colour;
  pen.fillStyle = paper;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = pen.strokeStyle = colour;
  if (filling === 'plain') {
    pen.globalAlpha = 0.55;
    pen.fillRect(0, 0, size, size);
  } else if (filling === 'dots') {
    for (const [x, y] of [
      [2, 2],
      [6, 6],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 1.4, 0, 7);
      pen.fill();
    }
  } else {
    pen.lineWidth = 1.6;
    for (const from of [-size, 0, size]) {
      pen.beginPath();
      pen.moveTo(from, size);
      pen.lineTo(from + size, 0);
      pen.stroke();
    }
  }
  return pen.createPattern(tile, 'repeat') ?? colour;
}

function optionsOf(props: PlotProps, width: number): uPlot.Options {
  const { lines, height, value, clock, spanSeconds = 60, least = 1 } = props;
  const axis: uPlot.Axis = {
    stroke: () => tokenOf('--ink-2'),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: () => tokenOf('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: {
        range: (_u, from, to) => {
          // Of nothing yet it is the time that is passing now.
          const end = to ?? Date.now() / 1000;
          return [Math.min(from ?? end, end - spanSeconds), end];
        },
      },
      y: { range: (_u, _from, to) => [0, Math.max(least, (to ?? 0) * 1.08)] },
    },
    axes: [
      { ...axis, size: 28, space: 90, values: (_u, ticks) => ticks.map((tick) => clock(tick * 1000)) },
      { ...axis, size: 56, space: 32, incrs: [...WHOLE], values: (_u, ticks) => ticks.map(value) },
    ],
    series: [
      {},
      ...lines.map(
        (line): uPlot.Series => ({
          label: line.label,
          width: line.filling && line.filling !== 'none' ? 1 : 2,
          stroke: () => tokenOf(line.token),
          fill: () => fillingOf(line),
          points: { show: false },
          ...(line.dash ? { dash: line.dash } : {}),
          ...(line.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
        }),
      ),
    ],
  };
}

export function Plot(props: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const given = useRef(props);
  given.current = props;
  const scheme = useComputedColorScheme('light');
  const shape = props.lines.map(({ label }) => label).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew when its lines or the scheme are others
  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    // The scheme's tokens are in force with the frame after it was chosen.
    const plot = new uPlot(optionsOf(given.current, at.clientWidth), given.current.data, at);
    drawn.current = plot;
    const sized = new ResizeObserver(() =>
      plot.setSize({ width: at.clientWidth, height: given.current.height }),
    );
    sized.observe(at);
    return () => {
      sized.disconnect();
      plot.destroy();
      drawn.current = null;
    };
  }, [shape, scheme]);
  useEffect(() => {
    drawn.current?.setData(props.data);
  }, [props.data]);
  return (
    <div ref={box} className="plot" role="img" aria-label={props.says} style={{ height: props.height }} />
  );
}
