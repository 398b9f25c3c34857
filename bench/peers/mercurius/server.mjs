// @ts-nocheck: its packages are installed by the benchmark, not with the project.
/**
 * The same query written by hand on Mercurius, as a careful team would: loaders, one prepared statement for each level, compiled by its JIT, keys cached in
 * memory by their SHA-256. Plain lists, without connections: less to do than Pons has. One process. Environment: PORT, DATABASE_URL.
 */
import { createHash } from "node:crypto";
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.INT8, String);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const run = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const schema = `
  type Account { id: ID! name: String! currency: String! balance: String! status: String! createdAt: String! sent(first: Int!): [Transfer!]! }
  type Transfer { id: ID! amount: String! note: String createdAt: String! credit: Account! }
  type Query { accounts(first: Int!): [Account!]! }
`;
const columns = `id, name, currency, balance, status, "createdAt"`;

const resolvers = {
  Query: { accounts: (_, { first }) => run("accounts", `select ${columns} from accounts order by id limit $1`, [first]) },
};
const loaders = {
  Account: {
    async sent(queries) {
      const ids = queries.map(({ obj }) => obj.id);
      const rows = await run(
        "sent",
        `select q.n, s.* from unnest($1::text[]) with ordinality as q(id, n)
         cross join lateral (select id, amount, note, "createdAt", credit as "creditId" from transfers where debit = q.id order by id limit $2) as s`,
        [ids, queries[0].params.first],
      );
      const lists = queries.map(() => []);
      for (const row of rows) lists[row.n - 1].push(row);
      return lists;
    },
  },
  Transfer: {
    async credit(queries) {
      const ids = [...new Set(queries.map(({ obj }) => obj.creditId))];
      const rows = await run("credit", `select ${columns} from accounts where id = any($1)`, [ids]);
      const byId = new Map(rows.map((row) => [row.id, row]));
      return queries.map(({ obj }) => byId.get(obj.creditId));
    },
  },
};

const keys = new Map();
const isKnown = async (key) => {
  const hash = createHash("sha256").update(key).digest("hex");
  if (!keys.has(hash)) keys.set(hash, (await run("key", "select actor from api_keys where hash = $1", [hash])).length > 0);
  return keys.get(hash);
};

const app = Fastify();
app.addHook("onRequest", async (request, reply) => {
  const [scheme, key] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer" || !key || !(await isKnown(key)))
    return reply.code(401).send({ errors: [{ message: "A valid API key is needed" }] });
});
await app.register(mercurius, { schema, resolvers, loaders, jit: 1, graphiql: false, cache: true });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
