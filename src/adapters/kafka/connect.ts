/** From a list of brokers to the options that every client of ours shares, and what a fault of Kafka is called. */

import type { ConnectionOptions } from '@platformatic/kafka';
import { GenericError, MultipleErrors } from '@platformatic/kafka';
import type { System } from '../../ports/system.ts';

export interface KafkaConnection {
  /** `host:port` each */
  brokers: string[];
  /** how the brokers' logs call us */
  clientId: string;
  tls?: ConnectionOptions['tls'];
  sasl?: ConnectionOptions['sasl'];
}

export type ParsedBrokers = { kind: 'brokers'; brokers: string[] } | { kind: 'invalid'; why: string };

const PORT = 9092;
const RETRY_DELAY_MS = 100;

/** Kafka could not be asked, or said no. The outcome of a send that ends so is not known. */
export class KafkaFault extends Error {
  override name = 'KafkaFault';
}

/** Reads `host:port,host:port`; the port is 9092 unless said. */
export function parseBrokers(text: string): ParsedBrokers {
  const brokers: string[] = [];
  for (const one of text.split(',')) {
    const [, bracketed, plain, digits] =
      /^(?:(\[[0-9a-f:]+\])|([^\s:/@[\]]+))(?::(\d{1,5}))?$/i.exec(one.trim()) ?? [];
    const host = bracketed ?? plain;
    const port = digits === undefined ? PORT : Number(digits);
    if (host === undefined || port < 1 || port > 65_535) {
      return { kind: 'invalid', why: `"${one.trim()}" is no broker. Allowed: host:port,host:port.` };
    }
    brokers.push(`${host}:${port}`);
  }
  return { kind: 'brokers', brokers };
}

/** Options of every client. A call that gets no answer ends after `callMaxMs`; `retries` is how often it is tried again. */
export function clientOptions(connection: KafkaConnection, callMaxMs: number, retries: number) {
  const { brokers, clientId, tls, sasl } = connection;
  return {
    clientId,
    bootstrapBrokers: brokers,
    connectTimeout: callMaxMs,
    requestTimeout: callMaxMs,
    timeout: callMaxMs,
    retries,
    retryDelay: RETRY_DELAY_MS,
    autocreateTopics: false,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

/** What `promise` gives, or a KafkaFault after `maxMs`. What comes later is nobody's any more. */
export function within<T>(system: System, maxMs: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = system.after(maxMs, () => reject(new KafkaFault(`${what}: no answer within ${maxMs} ms`)));
    promise.then(
      (value) => {
        timer.stop();
        resolve(value);
      },
      (error: unknown) => {
        timer.stop();
        reject(kafkaFault(error));
      },
    );
  });
}

/** Ends a client. One that hangs on a broker that is gone is left to itself. */
export async function closeClient(
  system: System,
  client: { close(): Promise<void> },
  maxMs: number,
): Promise<void> {
  await within(system, maxMs, 'closing', client.close()).catch(() => undefined);
}

export function kafkaFault(error: unknown): KafkaFault {
  if (error instanceof KafkaFault) return error;
  return new KafkaFault(reasonOf(error), { cause: error });
}

/** The names Kafka gives to what went wrong, such as `TOPIC_AUTHORIZATION_FAILED`, those of nested errors too. */
export function kafkaCodes(error: unknown): string[] {
  if (error instanceof KafkaFault && error.cause !== undefined) return kafkaCodes(error.cause);
  if (error instanceof MultipleErrors) return error.errors.flatMap(kafkaCodes);
  if (!(error instanceof GenericError)) return [];
  const code: unknown = error['apiId'];
  return [...(typeof code === 'string' ? [code] : []), ...kafkaCodes(error.cause)];
}

function reasonOf(error: unknown): string {
  if (error instanceof MultipleErrors) {
    const reasons = new Set(error.errors.map(reasonOf));
    return [...reasons].join('; ') || error.message;
  }
  if (!(error instanceof Error)) return String(error);
  const [code] = kafkaCodes(error);
  const cause = error.cause === undefined ? '' : ` (${reasonOf(error.cause)})`;
  return `${code === undefined ? '' : `${code}: `}${error.message}${cause}`;
}
