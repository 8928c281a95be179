/**
 * A mail for each coupon that was issued, from what the receiver has stored. It prints what it would send. A mail has no
 * code in it, because the fact has none: it links to the page where its holder, and nobody else, sees it.
 *
 * STORE (facts.db), SHOP_URL (where people open their coupon).
 */

import type Database from 'better-sqlite3';
import { type Fact, openStore } from './receiver.ts';

interface Row {
  no: number;
  body: string;
}

/** Whatever knows the people of your shop. */
function addressOf(userId: string): string {
  return `${encodeURIComponent(userId)}@people.example`;
}

function mailFor({ data }: Fact, shopUrl: string): string {
  return [
    `To: ${addressOf(data.userId ?? '')}`,
    `Subject: Your coupon (No. ${data.seq})`,
    '',
    `You are one of the first: number ${data.seq}.`,
    `Open your coupon: ${shopUrl}/c/${data.campaignId}`,
  ].join('\n');
}

/** Hands each new mail to `send`, then notes it: after a crash the last one may go out twice, none is forgotten. */
export async function sendMails(
  store: Database.Database,
  shopUrl: string,
  send: (mail: string) => Promise<void>,
): Promise<number> {
  const next = store.prepare<[], Row>(
    `SELECT no, body FROM facts WHERE type = 'coupon.issued' AND mailed = 0 ORDER BY no LIMIT 1`,
  );
  const note = store.prepare('UPDATE facts SET mailed = 1 WHERE no = ?');
  let sent = 0;
  for (let row = next.get(); row !== undefined; row = next.get()) {
    await send(mailFor(JSON.parse(row.body) as Fact, shopUrl));
    note.run(row.no);
    sent += 1;
  }
  return sent;
}

if (import.meta.main) {
  const { STORE = 'facts.db', SHOP_URL = 'http://127.0.0.1:8080' } = process.env;
  const sent = await sendMails(openStore(STORE), SHOP_URL, async (mail) => console.log(`${mail}\n`));
  console.log(`${sent} mails.`);
}
