// @ts-nocheck: its packages are installed by the benchmark, not with the project.
/**
 * What both services of this folder have around their routes: a pool, keys cached in memory by their SHA-256, request ids, ETags, the envelope
 * and its refusals. Environment: DATABASE_URL; POOL, the connections to Postgres, 16 unless given.
 */
import { createHash, randomUUID } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, String);
export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL ?? 16) });

export const text = { type: "string" };
export const maybeText = { type: "string", nullable: true };
export const integer = { type: "integer" };
export const moment = { type: "string", format: "date-time" };
export const envelope = (data, more = {}) => ({ type: "object", properties: { success: { type: "boolean" }, data, ...more } });

const keys = new Map();
async function actorOf(key) {
  const hash = createHash("sha256").update(key).digest("hex");
  const known = keys.get(hash);
  if (known !== undefined) return known;
  const { rows } = await pool.query({ name: "key", text: "select actor from api_keys where hash = $1", values: [hash] });
  if (rows[0] !== undefined) keys.set(hash, rows[0].actor);
  return rows[0]?.actor;
}

export const app = Fastify({
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
  if (error.code === "23505") return refuse(reply, 409, "conflict", "There is such a row already");
  return refuse(reply, error.statusCode ?? 500, "failed", "The call failed");
});
export function refuse(reply, code, type, message) {
  return reply.code(code).send({ success: false, error: { code, type, message, requestId: reply.request.id } });
}
