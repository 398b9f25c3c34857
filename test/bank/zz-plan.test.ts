import { test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { openBank } from "./bank.ts";
for (const { engine, create } of testDatabases()) test(engine, async () => {
  await using bank = await openBank(await create());
  await bank.seed();
  if (engine === "postgres") await bank.sql("ANALYZE bank_transfers");
  const ex = engine === "postgres" ? "EXPLAIN " : "EXPLAIN QUERY PLAN ";
  const acc = "(SELECT id FROM bank_accounts LIMIT 1)";
  const cut = engine === "postgres" ? "now() - interval '30 days'" : "(SELECT created_at FROM bank_transfers LIMIT 1 OFFSET 2500)";
  for (const q of [
    `SELECT * FROM bank_transfers t WHERE t.realm = 1 AND ((t.debit = ${acc}) AND (t.seq <= 2000)) ORDER BY t.seq DESC, t.id LIMIT 1`,
    `SELECT * FROM bank_transfers t WHERE t.realm = 1 AND (t.created_at < ${cut}) ORDER BY t.created_at DESC, t.seq DESC, t.id LIMIT 1`,
    `SELECT * FROM bank_transfers t WHERE t.realm = 1 AND (t.seq > 0) ORDER BY t.seq DESC, t.id LIMIT 1`,
    `SELECT * FROM bank_transfers t WHERE t.realm = 1 AND ((t.credit = ${acc}) AND (t.seq >= 10) AND (t.seq <= 2000) AND t.phase IN ('posted','capture')) ORDER BY t.seq, t.id LIMIT 101`,
  ]) console.log(engine, q.slice(30, 110), "\n  ", (await bank.sql(ex + q)).map((r) => Object.values(r as object).at(-1)).join("\n   "));
}, 120_000);
