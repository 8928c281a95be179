/** When a job runs by itself: its schedules with their next times, and making, changing and removing them. */

import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Cron } from 'croner';
import { useState } from 'react';
import { ask, Trouble, textOf } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Section } from '../../parts/detail.tsx';
import { Confirm, Mark } from '../../parts/pieces.tsx';
import { Needs } from '../../parts/role.tsx';
import { Refusal } from '../../said.tsx';
import { paramsText } from './marks.tsx';
import { ParamsForm } from './params-form.tsx';
import { type Job, type Schedule, words } from './words.ts';

const NEXT = 3;

/** The next times, or which of the two is wrong. The server judges again when it is saved. */
function nextTimes(cron: string, timeZone: string): { times: Date[] } | { wrong: 'cron' | 'zone' } {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return { wrong: 'zone' };
  }
  try {
    const reader = new Cron(cron, { timezone: timeZone, paused: true });
    return { times: reader.nextRuns(NEXT) };
  } catch {
    return { wrong: 'cron' };
  }
}

const pathOf = (id: string): string => `/v1/admin/jobs/schedules/${encodeURIComponent(id)}`;

export function Schedules({ job }: { job: Job }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [editing, setEditing] = useState<Schedule | 'new' | null>(null);
  const [removing, setRemoving] = useState<Schedule | null>(null);
  const format = useFormat();
  const add = (
    <Needs least="operate" silent>
      <Button variant="default" size="compact-sm" onClick={() => setEditing('new')}>
        {w.addSchedule}
      </Button>
    </Needs>
  );
  return (
    <Section title={w.schedules} acts={add}>
      {job.schedules.length === 0 ? <p className="quiet">{w.noSchedules}</p> : null}
      {job.schedules.map((one) => (
        <Row key={one.id} schedule={one} onEdit={() => setEditing(one)} onRemove={() => setRemoving(one)} />
      ))}
      {editing === null ? null : (
        <Edit job={job} schedule={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
      <Confirm
        opened={removing !== null}
        title={w.removeSchedule}
        action={w.remove}
        onClose={() => setRemoving(null)}
        onConfirm={async () => {
          await ask(pathOf(removing?.id ?? ''), { method: 'DELETE' });
          await queries.invalidateQueries({ queryKey: ['jobs'] });
        }}
      >
        <p>{w.removeSays(format.time(removing?.nextAt))}</p>
        {removing?.id === job.name ? <p>{w.usualSays}</p> : null}
      </Confirm>
    </Section>
  );
}

function Row({ schedule, onEdit, onRemove }: { schedule: Schedule; onEdit(): void; onRemove(): void }) {
  const w = useWords(words);
  const format = useFormat();
  const next = schedule.enabled ? nextTimes(schedule.cron, schedule.timeZone) : { times: [] };
  return (
    <div className="schedule">
      <div>
        <Mark
          shape={schedule.enabled ? '●' : '○'}
          tone={schedule.enabled ? 'won' : 'quiet'}
          says={schedule.enabled ? schedule.id : `${schedule.id} (${w.off})`}
        />
        <p className="quiet">
          <code>{schedule.cron}</code> · {schedule.timeZone} · {paramsText(schedule.params)}
        </p>
      </div>
      <div className="schedule-next">
        {'times' in next && next.times.length > 0 ? (
          <>
            <span className="quiet">{w.nextTimes}</span>
            <ol>
              {next.times.map((at) => (
                <li key={at.getTime()}>{format.time(at.getTime())}</li>
              ))}
            </ol>
          </>
        ) : null}
      </div>
      <Needs least="operate" silent>
        <div className="view-acts">
          <Button
            variant="default"
            size="compact-sm"
            onClick={onEdit}
            aria-label={`${w.edit}: ${schedule.id}`}
          >
            {w.edit}
          </Button>
          <Button
            variant="default"
            size="compact-sm"
            onClick={onRemove}
            aria-label={`${w.remove}: ${schedule.id}`}
          >
            {w.remove}
          </Button>
        </div>
      </Needs>
    </div>
  );
}

interface EditProps {
  job: Job;
  /** null: a new one */
  schedule: Schedule | null;
  onClose(): void;
}

function Edit({ job, schedule, onClose }: EditProps) {
  const w = useWords(words);
  const queries = useQueryClient();
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [id, setId] = useState(schedule?.id ?? `${job.name}-2`);
  const [cron, setCron] = useState(schedule?.cron ?? '0 3 * * *');
  const [timeZone, setTimeZone] = useState(schedule?.timeZone ?? here);
  const [enabled, setEnabled] = useState(schedule?.enabled ?? true);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const save = async (params: Record<string, unknown>): Promise<void> => {
    setTrouble(null);
    try {
      await ask(pathOf(id.trim()), {
        method: 'PUT',
        body: { job: job.name, cron, timeZone, enabled, params },
      });
      await queries.invalidateQueries({ queryKey: ['jobs'] });
      onClose();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      setTrouble(error);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={schedule === null ? w.addSchedule : w.editSchedule}
      size="lg"
      closeButtonProps={{ 'aria-label': w.cancel }}
    >
      <ParamsForm job={job} action={w.save} given={schedule?.params ?? {}} trouble={trouble} onSubmit={save}>
        <TextInput
          label={w.scheduleId}
          description={w.scheduleIdHint}
          value={id}
          disabled={schedule !== null}
          pattern="[a-z0-9][a-z0-9\-]{0,63}"
          required
          onChange={(event) => setId(event.currentTarget.value)}
        />
        <WhenFields
          cron={cron}
          timeZone={timeZone}
          trouble={trouble}
          onCron={setCron}
          onTimeZone={setTimeZone}
        />
        <Checkbox
          label={w.enabled}
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
      </ParamsForm>
    </Modal>
  );
}

interface WhenProps {
  cron: string;
  timeZone: string;
  trouble: Trouble | null;
  onCron(cron: string): void;
  onTimeZone(timeZone: string): void;
}

/** When it runs, with the times that this means. */
function WhenFields({ cron, timeZone, trouble, onCron, onTimeZone }: WhenProps) {
  const w = useWords(words);
  const format = useFormat();
  const next = nextTimes(cron, timeZone);
  const wrong = 'wrong' in next ? next.wrong : null;
  const at = textOf(trouble?.body['pointer']);
  const times = 'times' in next ? next.times.map((one) => format.time(one.getTime())).join(' · ') : '';
  return (
    <>
      <TextInput
        label={w.cron}
        description={w.cronHint}
        value={cron}
        error={at === '/cron' ? <Refusal error={trouble} /> : wrong === 'cron' ? w.wrongCron : null}
        required
        onChange={(event) => onCron(event.currentTarget.value)}
        data-autofocus
      />
      <TextInput
        label={w.zone}
        value={timeZone}
        error={at === '/timeZone' ? <Refusal error={trouble} /> : wrong === 'zone' ? w.wrongZone : null}
        required
        onChange={(event) => onTimeZone(event.currentTarget.value)}
      />
      <p role="status" className="quiet">
        {times === '' ? '' : `${w.nextTimes}: ${times}`}
      </p>
    </>
  );
}
