/**
 * The server of a rehearsal: everything embedded, on a free port of this machine, in a folder that is thrown away. It can
 * be killed as a machine kills, and comes back on the same port as whatever watches over a server would bring it back.
 */
import type { ChildProcess } from 'node:child_process';
import { monotonicMs } from '../clock.ts';
import { serverReady, startServer, stopServer } from '../own-server.ts';

const WHAT = 'rehearsal';

export class ShadowServer {
  readonly url: string;
  readonly adminKey: string;
  readonly #dataDir: string;
  #process: ChildProcess;

  static async start(dataDir: string): Promise<ShadowServer> {
    const server = startServer(dataDir, {});
    endsWithUs(server);
    const { url, adminKey } = await serverReady(server, WHAT);
    return new ShadowServer(dataDir, server, url, adminKey);
  }

  private constructor(dataDir: string, server: ChildProcess, url: string, adminKey: string) {
    this.#dataDir = dataDir;
    this.#process = server;
    this.url = url;
    this.adminKey = adminKey;
  }

  /** kill -9, and up again at once. Both times on `monotonicMs`. */
  async killAndRestart(): Promise<{ killedMs: number; backMs: number }> {
    const killed = this.#process;
    const gone = new Promise<void>((resolve) => killed.once('exit', () => resolve()));
    const killedMs = monotonicMs();
    killed.kill('SIGKILL');
    await gone;
    this.#process = startServer(this.#dataDir, {}, Number(new URL(this.url).port));
    endsWithUs(this.#process);
    await serverReady(this.#process, WHAT);
    return { killedMs, backMs: monotonicMs() };
  }

  stop(): Promise<void> {
    return stopServer(this.#process);
  }
}

/** However this process ends, its server does too. */
function endsWithUs(server: ChildProcess): void {
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  server.once('exit', () => process.off('exit', kill));
}
