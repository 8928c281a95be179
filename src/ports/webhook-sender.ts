/** What goes out to somebody else's server, and never to a place inside ours. */

export interface WebhookRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface WebhookSent {
  /** null: there was no answer */
  status: number | null;
  ms: number;
  /** how the answer's body began, at most 1 KiB */
  body: string;
  /** why there was no answer, in words */
  fault: string | null;
  /** what the answer asked to wait before the next try */
  retryAfterMs: number | null;
}

export interface WebhookSender {
  /** Why nothing may be sent to this address, in words; null: it may be tried. A name is resolved for it. */
  refusal(url: string): Promise<string | null>;
  /** Never rejects. Redirects are not followed; what a name stands for is checked again for every connection. */
  send(request: WebhookRequest): Promise<WebhookSent>;
  close(): Promise<void>;
}
