// @ts-nocheck: its packages are installed by the benchmark, not with the project.
/**
 * A ledger written by hand on Fastify and pg with row locks, as a careful team would: one transaction per call that locks the accounts in the
 * order of their ids (no deadlocks), checks them, and writes. Four round trips: begin, lock, both updates with the insert, commit. A bulk call
 * locks all of its accounts at once, moves the money in memory and writes with one statement, all or nothing. Prepared statements, compiled
 * validation and serialisation. One process. Environment: PORT, DATABASE_URL, POOL.
 */
import { app, envelope, integer, maybeText, moment, pool, refuse, text } from "./app.mjs";

const transfer = {
  type: "object",
  properties: {
    id: text,
    seq: integer,
    debit: text,
    credit: text,
    amount: integer,
    currency: text,
    kind: text,
    reference: maybeText,
    effectiveAt: moment,
    debitBalance: integer,
    debitVersion: integer,
    creditBalance: integer,
    creditVersion: integer,
    createdAt: moment,
  },
};
const newTransfer = {
  type: "object",
  additionalProperties: false,
  required: ["debit", "credit", "amount", "currency"],
  properties: {
    debit: { type: "string", pattern: "^acc_[0-9A-Z]{26}$" },
    credit: { type: "string", pattern: "^acc_[0-9A-Z]{26}$" },
    amount: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    currency: { type: "string", pattern: "^[A-Z]{3}$" },
    kind: { enum: ["payment", "deposit", "withdrawal"], default: "payment" },
    reference: { type: "string", maxLength: 140 },
  },
};
const oneOrMany = {
  if: { type: "array" },
  then: { type: "array", items: newTransfer, minItems: 1, maxItems: 1000 },
  else: newTransfer,
};

const lock = `select id, currency, status, balance, "debitsPosted", "creditsPosted", "debitsPending", "overdraftLimit", "maxBalance", version
  from accounts where id = any($1::text[]) order by id for update`;
const write = `
  with moved as (
    update accounts set "debitsPosted" = state.debits, "creditsPosted" = state.credits, balance = state.credits - state.debits, version = state.version
    from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as state (id, debits, credits, version) where accounts.id = state.id)
  insert into transfers (debit, credit, amount, currency, kind, reference, "debitBalance", "debitVersion", "creditBalance", "creditVersion")
  select * from unnest($5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
  returning *`;

class Refused extends Error {
  constructor(code, type, message) {
    super(message);
    Object.assign(this, { code, type });
  }
}

/** Moves the money in memory and gives the row to insert, or throws what stands against it. */
function moved(accounts, { debit, credit, amount, currency, kind, reference }) {
  const [from, to] = [accounts.get(debit), accounts.get(credit)];
  if (debit === credit) throw new Refused(400, "same_account", "Both accounts are the same");
  if (from === undefined || to === undefined) throw new Refused(404, "account_not_found", "There is no such account");
  if (from.currency !== currency || to.currency !== currency)
    throw new Refused(422, "asset_mismatch", "An account is of another currency");
  if (from.status !== "active" || to.status !== "active")
    throw new Refused(422, "account_not_active", "An account is not active");
  if (from.balance - from.debitsPending + from.overdraftLimit < amount)
    throw new Refused(422, "insufficient_funds", "There is too little money");
  if (to.maxBalance !== null && to.balance + amount > to.maxBalance)
    throw new Refused(422, "max_balance_exceeded", "The account may not hold so much");
  from.debitsPosted += amount;
  from.balance -= amount;
  from.version++;
  to.creditsPosted += amount;
  to.balance += amount;
  to.version++;
  return [debit, credit, amount, currency, kind, reference ?? null, from.balance, from.version, to.balance, to.version];
}

async function post(items) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const ids = [...new Set(items.flatMap(({ debit, credit }) => [debit, credit]))];
    const locked = await client.query({ name: "lock", text: lock, values: [ids] });
    const accounts = new Map(locked.rows.map((row) => [row.id, row]));
    const rows = items.map((item) => moved(accounts, item));
    const states = [...accounts.values()].map((row) => [row.id, row.debitsPosted, row.creditsPosted, row.version]);
    const columns = (lists) => lists[0].map((_, at) => lists.map((list) => list[at]));
    const written = await client.query({ name: "write", text: write, values: [...columns(states), ...columns(rows)] });
    await client.query("commit");
    return written.rows;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

app.post(
  "/transfers",
  { schema: { body: oneOrMany, response: { 200: envelope({ type: "array", items: transfer }), 201: envelope(transfer) } } },
  async ({ body }, reply) => {
    const many = Array.isArray(body);
    try {
      const rows = await post(many ? body : [body]);
      if (many) return { success: true, data: rows };
      reply.code(201).header("location", `/transfers/${rows[0].id}`);
      return { success: true, data: rows[0] };
    } catch (error) {
      if (error instanceof Refused) return refuse(reply, error.code, error.type, error.message);
      throw error;
    }
  },
);

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
