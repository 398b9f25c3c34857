// @ts-nocheck: its packages are installed by the benchmark, not with the project.
/**
 * The same work written by hand on Fastify and pg, as a careful team would: prepared statements, one round trip per call, compiled
 * validation and serialisation, keys cached in memory by their SHA-256, the audit row in the same transaction (one statement), request id,
 * ETag, envelope. One process. Environment: PORT, DATABASE_URL.
 */
import { createHash, randomUUID } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const columns = `id, customer, name, currency, balance, iban, status, created_at as "createdAt"`;

const keys = new Map();
async function actorOf(key) {
  const hash = createHash("sha256").update(key).digest("hex");
  const known = keys.get(hash);
  if (known !== undefined) return known;
  const { rows } = await pool.query({ name: "key", text: "select actor from api_keys where hash = $1", values: [hash] });
  if (rows[0] !== undefined) keys.set(hash, rows[0].actor);
  return rows[0]?.actor;
}

const text = { type: "string" };
const account = {
  type: "object",
  properties: {
    id: text,
    customer: text,
    name: text,
    currency: text,
    balance: { type: "integer" },
    iban: text,
    status: text,
    createdAt: { type: "string", format: "date-time" },
  },
};
const envelope = (data, more = {}) => ({ type: "object", properties: { success: { type: "boolean" }, data, ...more } });
const newAccount = {
  type: "object",
  additionalProperties: false,
  required: ["customer", "name", "currency", "iban"],
  properties: {
    customer: { type: "string", pattern: "^cus_[0-9a-z]{26}$" },
    name: { type: "string", minLength: 1, maxLength: 255 },
    currency: { type: "string", pattern: "^[A-Z]{3}$" },
    iban: { type: "string", minLength: 15, maxLength: 34 },
  },
};
const integer = { type: "integer" };
const pagination = {
  type: "object",
  properties: { totalRecords: integer, totalPages: integer, currentPage: integer, perPage: integer, maxPerPage: integer },
};

const app = Fastify({
  bodyLimit: 16 * 1024 * 1024,
  genReqId: (request) => request.headers["x-request-id"] ?? randomUUID(),
  ajv: { customOptions: { removeAdditional: false } },
});
app.decorateRequest("actor", null);
app.addHook("onRequest", async (request, reply) => {
  reply.header("x-request-id", request.id);
  const [scheme, key] = (request.headers.authorization ?? "").split(" ");
  request.actor = scheme === "Bearer" && key ? await actorOf(key) : undefined;
  if (request.actor === undefined) return refuse(reply, 401, "unauthenticated", "A valid API key is needed");
});
app.addHook("onSend", async (request, reply, payload) => {
  if (request.method !== "GET" || reply.statusCode !== 200) return payload;
  const etag = `"${createHash("sha1").update(payload).digest("base64url")}"`;
  reply.header("etag", etag);
  if (request.headers["if-none-match"] !== etag) return payload;
  reply.code(304);
  return "";
});
app.setErrorHandler((error, request, reply) => {
  if (error.validation) return refuse(reply, 422, "validation_failed", error.message);
  if (error.code === "23503") return refuse(reply, 422, "validation_failed", "There is no such customer");
  return refuse(reply, error.statusCode ?? 500, "failed", "The call failed");
});
function refuse(reply, code, type, message) {
  return reply.code(code).send({ success: false, error: { code, type, message, requestId: reply.request.id } });
}

app.get("/accounts/:id", { schema: { response: { 200: envelope(account) } } }, async (request, reply) => {
  const { rows } = await pool.query({
    name: "get",
    text: `select ${columns} from accounts where id = $1`,
    values: [request.params.id],
  });
  return rows[0] === undefined ? refuse(reply, 404, "not_found", "There is no such account") : { success: true, data: rows[0] };
});

const sorts = { "name.asc": "name, id", "name.desc": "name desc, id desc", "createdAt.asc": "created_at, id" };
const listQuery = {
  type: "object",
  additionalProperties: false,
  properties: {
    status: { enum: ["active", "frozen", "closed"] },
    sortBy: { enum: Object.keys(sorts), default: "name.asc" },
    page: { type: "integer", minimum: 1, default: 1 },
    perPage: { type: "integer", minimum: 1, maximum: 100, default: 20 },
  },
};
app.get(
  "/accounts",
  { schema: { querystring: listQuery, response: { 200: envelope({ type: "array", items: account }, { pagination }) } } },
  async (request) => {
    const { status, sortBy, page, perPage } = request.query;
    const where = status === undefined ? "true" : "status = $1";
    const values = status === undefined ? [] : [status];
    const at = values.length;
    const [total, list] = await Promise.all([
      pool.query({ name: `count ${where}`, text: `select count(*) from accounts where ${where}`, values }),
      pool.query({
        name: `list ${where} ${sortBy}`,
        text: `select ${columns} from accounts where ${where} order by ${sorts[sortBy]} limit $${at + 1} offset $${at + 2}`,
        values: [...values, perPage, (page - 1) * perPage],
      }),
    ]);
    const totalRecords = total.rows[0].count;
    const totalPages = Math.ceil(totalRecords / perPage);
    return {
      success: true,
      data: list.rows,
      pagination: { totalRecords, totalPages, currentPage: page, perPage, maxPerPage: 100 },
    };
  },
);

// One statement inserts the rows and their audit rows: one transaction, one round trip, one fsync.
const insert = (source) => `
  with made as (insert into accounts (customer, name, currency, iban) ${source} returning *),
  noted as (insert into audit (actor, operation, subject, request_id, after)
    select $5, 'accounts.create', id, $6, to_jsonb(made) from made)
  select ${columns} from made`;
const insertOne = insert("values ($1, $2, $3, $4)");
const insertMany = insert("select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])");
const oneOrMany = {
  if: { type: "array" },
  then: { type: "array", items: newAccount, minItems: 1, maxItems: 1000 },
  else: newAccount,
};
app.post(
  "/accounts",
  { schema: { body: oneOrMany, response: { 200: envelope({ type: "array", items: account }), 201: envelope(account) } } },
  async (request, reply) => {
    const { body, actor, id } = request;
    if (!Array.isArray(body)) {
      const values = [body.customer, body.name, body.currency, body.iban, actor, id];
      const { rows } = await pool.query({ name: "create", text: insertOne, values });
      reply.code(201).header("location", `/accounts/${rows[0].id}`);
      return { success: true, data: rows[0] };
    }
    const column = (name) => body.map((row) => row[name]);
    const values = [column("customer"), column("name"), column("currency"), column("iban"), actor, id];
    const { rows } = await pool.query({ name: "createMany", text: insertMany, values });
    return { success: true, data: rows };
  },
);

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
