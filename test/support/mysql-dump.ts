/** Everything that is in every table of a database, as text: for tests that look for what must not be there. */

import type { Pool, RowDataPacket } from 'mysql2/promise';

export async function dumpOf(pool: Pool): Promise<string> {
  const [tables] = await pool.query<RowDataPacket[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const [rows] = await pool.query<RowDataPacket[]>(`SELECT * FROM \`${String(name)}\``);
    // Bytes as the text that they are.
    const shown = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([of, value]) => [
          of,
          Buffer.isBuffer(value) ? value.toString('latin1') : value,
        ]),
      ),
    );
    texts.push(`${String(name)}: ${JSON.stringify(shown)}`);
  }
  return texts.join('\n');
}
