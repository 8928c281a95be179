/** ports/operators on SQL. */

import type { Kysely, Selectable } from 'kysely';
import type { AuditLine, OperatorKey, Operators, Role } from '../../ports/operators.ts';
import { writeAuditLine } from './campaigns.ts';
import type { AuditTable, OperatorKeysTable, RecordTables } from './schema.ts';

function keyOf(row: OperatorKeysTable): OperatorKey {
  return {
    id: row.id,
    name: row.name,
    role: row.role as Role,
    hash: row.hash,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

export function makeSqlOperators(db: Kysely<RecordTables>): Operators {
  return {
    addKey: (key, audit) =>
      db.transaction().execute(async (tx) => {
        const { id, name, role, hash, createdAt, revokedAt } = key;
        await tx
          .insertInto('operator_keys')
          .values({ id, name, role, hash, created_at: createdAt, revoked_at: revokedAt })
          .execute();
        await writeAuditLine(tx, audit);
      }),
    async listKeys() {
      const rows = await db.selectFrom('operator_keys').selectAll().orderBy('created_at').execute();
      return rows.map(keyOf);
    },
    revokeKey: (id, audit) =>
      db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('operator_keys')
          .set({ revoked_at: audit.at })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        await writeAuditLine(tx, audit);
        return true;
      }),
    writeAudit: (line) => writeAuditLine(db, line),
    async listAudit(before, limit) {
      let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit);
      if (before !== null) query = query.where('id', '<', before);
      return (await query.execute()).map((row) => ({ id: row.id, ...lineOf(row) }));
    },
    async auditOf(target, limit) {
      const found = db.selectFrom('audit').selectAll().where('target', '=', target);
      return (await found.orderBy('id', 'desc').limit(limit).execute()).map(lineOf);
    },
  };
}

function lineOf(row: Selectable<AuditTable>): AuditLine {
  return {
    at: row.at,
    actor: row.actor,
    action: row.action,
    target: row.target,
    before: JSON.parse(row.before) as unknown,
    after: JSON.parse(row.after) as unknown,
    requestId: row.request_id,
  };
}
