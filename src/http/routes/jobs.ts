/** Operators ask for batch jobs, watch them, stop and restart them, and say when they run by themselves. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../core/problem.ts';
import { problem } from '../../core/problem.ts';
import type { JobFlow } from '../../flow/job-flow.ts';
import type { JobRun } from '../../ports/job-runs.ts';
import type { Role } from '../../ports/operators.ts';
import type { HttpContext } from '../context.ts';
import { pageOf } from '../context.ts';
import {
  jobBody,
  jobOut,
  jobParams,
  makeParamsJudge,
  newRunBody,
  runBody,
  runOfJobParams,
  runOut,
  scheduleBody,
  scheduleParams,
} from '../job-body.ts';
import { sendProblem } from '../problem.ts';
import { runStreams } from '../run-stream.ts';
import { idParams, listOf, openOut, pageQuery, problemOut } from '../schema.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';
import { startStream } from './people.ts';

const TAG = ['operators'];
const JOB_NOT_FOUND = problem('job_not_found');
const RUN_NOT_FOUND = problem('run_not_found');
const SCHEDULE_NOT_FOUND = problem('schedule_not_found');
const runAt = (id: string): string => `/v1/admin/jobs/runs/${id}`;

export function jobRoutes(app: FastifyInstance, context: HttpContext): void {
  const { jobs } = context.parts;
  if (jobs === undefined) return;
  listRoute(app, context, jobs);
  askRoute(app, context, jobs);
  runRoutes(app, context, jobs);
  changeRoutes(app, context, jobs);
  scheduleRoutes(app, context, jobs);
}

function tell(reply: FastifyReply, body: object): FastifyReply {
  return reply.header('cache-control', 'no-store').send(body);
}

function listRoute(app: FastifyInstance, context: HttpContext, jobs: JobFlow): void {
  app.get(
    '/v1/admin/jobs',
    {
      schema: {
        tags: TAG,
        summary: 'The jobs there are, with their params, last runs and schedules',
        response: { 200: listOf(jobOut) },
      },
      onRequest: needs(context, 'read'),
    },
    async (_request, reply) => tell(reply, { items: (await jobs.list()).map(jobBody), next: null }),
  );
}

function askRoute(app: FastifyInstance, context: HttpContext, jobs: JobFlow): void {
  const judge = makeParamsJudge();
  app.post(
    '/v1/admin/jobs/:name/runs',
    {
      config: { body: 'optional' },
      schema: {
        tags: TAG,
        summary: 'Ask for a run of a job',
        description:
          'The run begins when a runner is free. The same params are the same work: while it waits or runs it is not ' +
          'begun again (409 `job_running` names the run), and one that failed or was stopped goes on where it was.',
        params: jobParams,
        body: newRunBody,
        response: { 202: runOut, 400: problemOut, 404: problemOut, 409: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const { name } = request.params as { name: string };
      const { params = {} } = request.body as { params?: Record<string, unknown> };
      const kind = jobs.kind(name);
      if (kind === undefined) return sendProblem(reply, JOB_NOT_FOUND);
      const checked = judge(kind, params);
      if (!checked.ok) return sendProblem(reply, checked.problem);
      return tellRun(reply, await jobs.ask(name, checked.params, actorOf(request)), 202);
    },
  );
}

function tellRun(reply: FastifyReply, told: { run: JobRun } | { problem: Problem }, status: number) {
  if ('problem' in told) return sendProblem(reply, told.problem);
  return tell(reply.code(status).header('location', runAt(told.run.id)), runBody(told.run));
}

function runRoutes(app: FastifyInstance, context: HttpContext, jobs: JobFlow): void {
  const onRequest = needs(context, 'read');
  app.get(
    '/v1/admin/jobs/:name/runs',
    {
      schema: {
        tags: TAG,
        summary: 'Runs of a job, newest first',
        params: jobParams,
        querystring: pageQuery,
        response: { 200: listOf(runOut), 400: problemOut, 404: problemOut },
      },
      onRequest,
    },
    async (request, reply) => {
      const { name } = request.params as { name: string };
      if (jobs.kind(name) === undefined) return sendProblem(reply, JOB_NOT_FOUND);
      const page = pageOf(context, request, `runs ${name}`);
      if ('code' in page) return sendProblem(reply, page);
      const found = await jobs.runs(name, page.after as string | null, page.limit + 1);
      const shown = found.slice(0, page.limit);
      const last = shown.at(-1);
      const next = found.length > page.limit && last ? context.cursors.write(`runs ${name}`, last.id) : null;
      return tell(reply, { items: shown.map(runBody), next });
    },
  );
  const one = async (request: FastifyRequest, reply: FastifyReply) => {
    const { id, name } = request.params as { id: string; name?: string };
    const run = await jobs.run(id);
    if (run === null || (name !== undefined && run.job !== name)) return sendProblem(reply, RUN_NOT_FOUND);
    return tell(reply, runBody(run));
  };
  for (const [path, params] of [
    ['/v1/admin/jobs/runs/:id', idParams],
    ['/v1/admin/jobs/:name/runs/:id', runOfJobParams],
  ] as const) {
    const response = { 200: runOut, 404: problemOut };
    app.get(
      path,
      { schema: { tags: TAG, summary: 'A run with its steps and counts', params, response }, onRequest },
      one,
    );
  }
  eventsRoute(app, context, jobs);
}

function eventsRoute(app: FastifyInstance, context: HttpContext, jobs: JobFlow): void {
  const streams = runStreams(context, (id) => jobs.run(id));
  app.get(
    '/v1/admin/jobs/runs/:id/events',
    {
      schema: {
        tags: TAG,
        summary: 'Server-sent events: the run each time that it has changed, until it has ended',
        params: idParams,
      },
      exposeHeadRoute: false,
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const run = await jobs.run(id);
      if (run === null) return sendProblem(reply, RUN_NOT_FOUND);
      if (!streams.room()) return sendProblem(reply, problem('too_many_streams'));
      startStream(context, request, reply);
      streams.open(run, reply.raw);
      return reply;
    },
  );
}

function changeRoutes(app: FastifyInstance, context: HttpContext, jobs: JobFlow): void {
  const role: Role = 'operate';
  for (const [act, summary, status] of [
    ['restart', 'A run that failed or was stopped goes on after its last chunk', 202],
    ['stop', 'Stop a run after the chunk that it is in', 200],
  ] as const) {
    const change = async (request: FastifyRequest, reply: FastifyReply) => {
      const { id, name } = request.params as { id: string; name?: string };
      if (name !== undefined && (await jobs.run(id))?.job !== name) return sendProblem(reply, RUN_NOT_FOUND);
      return tellRun(reply, await jobs[act](id, actorOf(request)), status);
    };
    for (const [path, params] of [
      [`/v1/admin/jobs/runs/:id/${act}`, idParams],
      [`/v1/admin/jobs/:name/runs/:id/${act}`, runOfJobParams],
    ] as const) {
      const response = { [status]: runOut, 404: problemOut, 409: problemOut };
      const options = {
        config: { body: 'none' as const },
        schema: { tags: TAG, summary, params, response },
        onRequest: needs(context, role),
      };
      app.post(path, options, change);
    }
  }
}

interface ScheduleAsked {
  job: string;
  cron: string;
  timeZone?: string;
  params?: Record<string, unknown>;
  enabled?: boolean;
}

function scheduleRoutes(app: FastifyInstance, context: HttpContext, jobs: JobFlow): void {
  const judge = makeParamsJudge();
  const onRequest = needs(context, 'operate');
  app.put(
    '/v1/admin/jobs/schedules/:id',
    {
      schema: {
        tags: TAG,
        summary: 'Make or change a schedule',
        description:
          'When the time comes one process asks for a run; times that were missed are made good by one. The usual ' +
          "schedule of a job has the job's name: change it, or switch it off with `enabled`.",
        params: scheduleParams,
        body: scheduleBody,
        response: { 200: openOut, 400: problemOut, 404: problemOut },
      },
      onRequest,
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const { job, cron, timeZone = 'UTC', params = {}, enabled = true } = request.body as ScheduleAsked;
      const kind = jobs.kind(job);
      if (kind === undefined) return sendProblem(reply, JOB_NOT_FOUND);
      const checked = judge(kind, params);
      if (!checked.ok) return sendProblem(reply, checked.problem);
      const asked = { id, job, cron, timeZone, enabled, params: checked.params };
      const told = await jobs.schedule(asked, actorOf(request));
      return 'problem' in told ? sendProblem(reply, told.problem) : tell(reply, asked);
    },
  );
  app.delete(
    '/v1/admin/jobs/schedules/:id',
    {
      schema: {
        tags: TAG,
        summary: 'Remove a schedule',
        description: 'A usual one is made again at the next start; switch it off instead.',
        params: scheduleParams,
        response: { 204: { type: 'null' }, 404: problemOut },
      },
      onRequest,
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const removed = await jobs.unschedule(id, actorOf(request));
      return removed ? reply.code(204).send() : sendProblem(reply, SCHEDULE_NOT_FOUND);
    },
  );
}
