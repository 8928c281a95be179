/** What a run leaves in the parts of a server: facts on its log, bytes in its Redis. */
import { join } from 'node:path';
import type { Client } from '../client.ts';

/** Facts and requests that Kafka has acknowledged, by the figures of the server. */
const factNames = ['dibs_log_facts_total', 'dibs_requests_total'];

/**
 * How many facts the log has taken so far, by the server's figures; embedded the writes that its journals have numbered.
 * @param dataDir of an embedded server of our own
 */
export async function factsOnLog(client: Client, dataDir: string | null): Promise<number | null> {
  return dataDir === null ? factsIn(await metricsOf(client)) : await entriesIn(dataDir);
}

async function metricsOf(client: Client): Promise<string> {
  let text = '';
  for await (const chunk of await client.stream('/metrics')) text += String(chunk);
  return text;
}

/** The sum of the figures that are there; null when none is. */
export function factsIn(metrics: string): number | null {
  const values = metrics
    .split('\n')
    .filter((line) => factNames.some((name) => line.startsWith(`${name} `) || line.startsWith(`${name}{`)))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** Rows of the two journals, each a batch with one fsync; what is recorded is taken out, the numbers go on. */
async function entriesIn(dataDir: string): Promise<number | null> {
  const { default: Database } = await import('better-sqlite3');
  let sum = 0;
  for (const file of ['journal.db', 'requests.db']) {
    try {
      const db = new Database(join(dataDir, file), { readonly: true, fileMustExist: true });
      const row = db.prepare('SELECT max(id) AS last FROM entry').get() as { last: number | null };
      db.close();
      sum += row.last ?? 0;
    } catch {
      return null;
    }
  }
  return sum;
}

/**
 * Bytes that the keys of a campaign take in Redis, by its own account.
 * @param url redis://…; null: there is none
 */
export async function redisBytes(url: string | null, campaignId: string): Promise<number | null> {
  if (url === null) return null;
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    let bytes = 0;
    for await (const keys of redis.scanStream({ match: `*{c:${campaignId}}*`, count: 1000 })) {
      for (const key of keys as string[])
        bytes += Number((await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0);
    }
    return bytes;
  } catch {
    return null;
  } finally {
    redis.disconnect();
  }
}
