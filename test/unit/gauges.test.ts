// Protects: figures of the composition come out as Prometheus reads them, whatever their labels hold.

import { expect, it } from 'vitest';
import { renderGauges } from '../../src/http/gauges.ts';

it('stand together by name, whatever order they come in', () => {
  const lag = (partition: string, value: number) => ({
    name: 'dibs_recorder_partition_lag_facts',
    help: 'Facts.',
    labels: { topic: 'dibs.claims.won.v1', partition },
    value,
  });
  const backlog = { name: 'dibs_relay_backlog_batches', help: 'Batches.', value: 3 };
  expect(renderGauges([lag('0', 12), backlog, lag('1', 0.5)])).toBe(
    [
      '# HELP dibs_recorder_partition_lag_facts Facts.',
      '# TYPE dibs_recorder_partition_lag_facts gauge',
      'dibs_recorder_partition_lag_facts{topic="dibs.claims.won.v1",partition="0"} 12',
      'dibs_recorder_partition_lag_facts{topic="dibs.claims.won.v1",partition="1"} 0.5',
      '# HELP dibs_relay_backlog_batches Batches.',
      '# TYPE dibs_relay_backlog_batches gauge',
      'dibs_relay_backlog_batches 3',
      '',
    ].join('\n'),
  );
});

it('cannot break out of their line', () => {
  const text = renderGauges([
    { name: 'a', help: 'one\ntwo \\', labels: { why: 'say "no"\n\\' }, value: Number.POSITIVE_INFINITY },
    { name: 'b', help: '', value: Number.NaN },
  ]);
  expect(text.split('\n')).toEqual([
    '# HELP a one\\ntwo \\\\',
    '# TYPE a gauge',
    'a{why="say \\"no\\"\\n\\\\"} +Inf',
    '# HELP b ',
    '# TYPE b gauge',
    'b NaN',
    '',
  ]);
});

it('are nothing when there are none', () => {
  expect(renderGauges([])).toBe('');
});
