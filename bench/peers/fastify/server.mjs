// @ts-nocheck: its packages are installed by the benchmark, not with the project.
/**
 * The same work written by hand on Fastify and pg, as a careful team would: prepared statements, one round trip per call, compiled
 * validation and serialisation, keys cached in memory by their SHA-256, the audit row in the same transaction (one statement), request id,
 * ETag, envelope. One process. Environment: PORT, DATABASE_URL.
 */
import { app, envelope, integer, maybeText, moment, pool, refuse, text } from "./app.mjs";

const account = {
  type: "object",
  properties: {
    id: text,
    customer: maybeText,
    kind: text,
    name: text,
    currency: text,
    debitsPosted: integer,
    creditsPosted: integer,
    debitsPending: integer,
    creditsPending: integer,
    balance: integer,
    overdraftLimit: integer,
    maxBalance: { ...integer, nullable: true },
    status: text,
    frozenReason: maybeText,
    iban: text,
    version: integer,
    createdAt: moment,
  },
};
const customer = {
  type: "object",
  properties: {
    id: text,
    name: text,
    email: text,
    phone: maybeText,
    country: text,
    language: text,
    birthDate: maybeText,
    kind: text,
    status: text,
    taxNumber: maybeText,
    openAccounts: integer,
    lastActiveAt: { ...moment, nullable: true },
    createdAt: moment,
    updatedAt: moment,
  },
};
const columnsOf = (schema) =>
  Object.keys(schema.properties)
    .map((name) => `"${name}"`)
    .join(", ");
const accountColumns = columnsOf(account);

const newCustomer = {
  type: "object",
  additionalProperties: false,
  required: ["name", "email", "country"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 255 },
    email: { type: "string", format: "email" },
    phone: { type: "string", pattern: "^\\+[1-9][0-9]{6,14}$" },
    country: { type: "string", pattern: "^[A-Z]{2}$" },
    birthDate: { type: "string", format: "date" },
    kind: { enum: ["person", "company"], default: "person" },
  },
};
const pagination = {
  type: "object",
  properties: { totalRecords: integer, totalPages: integer, currentPage: integer, perPage: integer, maxPerPage: integer },
};

app.get("/accounts/:id", { schema: { response: { 200: envelope(account) } } }, async (request, reply) => {
  const { rows } = await pool.query({
    name: "get",
    text: `select ${accountColumns} from accounts where id = $1`,
    values: [request.params.id],
  });
  return rows[0] === undefined ? refuse(reply, 404, "not_found", "There is no such account") : { success: true, data: rows[0] };
});

const sorts = { "createdAt.asc": `"createdAt", id`, "createdAt.desc": `"createdAt" desc, id desc` };
const listQuery = {
  type: "object",
  additionalProperties: false,
  properties: {
    status: { enum: ["active", "frozen", "closed"] },
    sortBy: { enum: Object.keys(sorts), default: "createdAt.asc" },
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
        text: `select ${accountColumns} from accounts where ${where} order by ${sorts[sortBy]} limit $${at + 1} offset $${at + 2}`,
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
const sent = ["name", "email", "phone", "country", "birthDate", "kind"];
const insert = (source) => `
  with made as (insert into customers (name, email, phone, country, "birthDate", kind) ${source} returning *),
  noted as (insert into audit (actor, operation, subject, request_id, after)
    select $7, 'customers.create', id, $8, to_jsonb(made) from made)
  select ${columnsOf(customer)} from made`;
const insertOne = insert("values ($1, $2, $3, $4, $5, $6)");
const insertMany = insert("select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[])");
const oneOrMany = {
  if: { type: "array" },
  then: { type: "array", items: newCustomer, minItems: 1, maxItems: 1000 },
  else: newCustomer,
};
app.post(
  "/customers",
  { schema: { body: oneOrMany, response: { 200: envelope({ type: "array", items: customer }), 201: envelope(customer) } } },
  async (request, reply) => {
    const { body, actor, id } = request;
    if (!Array.isArray(body)) {
      const values = [...sent.map((name) => body[name]), actor, id];
      const { rows } = await pool.query({ name: "create", text: insertOne, values });
      reply.code(201).header("location", `/customers/${rows[0].id}`);
      return { success: true, data: rows[0] };
    }
    const values = [...sent.map((name) => body.map((row) => row[name])), actor, id];
    const { rows } = await pool.query({ name: "createMany", text: insertMany, values });
    return { success: true, data: rows };
  },
);

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
