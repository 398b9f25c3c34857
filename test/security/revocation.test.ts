/**
 * What ends a credential ends it on every node within a second: the credential itself, the app, the person, the tenant behind it, a role; and a list that
 * is still being read is cut off.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { createSeeder } from "../../src/host/seeder.ts";
import { revokeKey } from "../../src/host/keys.ts";
import { hashOfKey, newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { newSessionToken } from "../../src/pipeline/identity/session.ts";
import { forEachEngine } from "../core/harness.ts";
import { type Node, type Nodes, openNodes } from "./nodes.ts";
import { archive, papers, registry } from "./registry.ts";

type Headers = Readonly<Record<string, string>>;

interface Shown {
  readonly headers: Headers;
  /** What ends it. */
  end(): Promise<void>;
  /** What calls are answered with afterwards. */
  readonly status?: 401 | 403;
  /** What makes it right again for the cases that follow. */
  restore?(): Promise<void>;
}

const paperCount = 6_000;
/** A second, and what a busy machine needs to look. */
const lateMsMax = 2_000;
const far = "2999-01-01T00:00:00.000Z";

/** A reader of the whole list who has read its beginning and goes on when told; whether the end came is told then. */
const slowReader = async (node: Node, headers: Headers): Promise<{ rest(): Promise<{ rows: number; isWhole: boolean }> }> => {
  const socket = connect(node.port, "127.0.0.1");
  let text = "";
  const began = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (!text.includes("\n{")) return;
    socket.pause();
    began.resolve();
  });
  socket.on("error", () => closed.resolve());
  socket.on("close", () => closed.resolve());
  const lines = Object.entries({ Host: "127.0.0.1", Connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`GET /archive/v1/papers.ndjson HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  await began.promise;
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(text.slice(0, 200));
  return {
    async rest() {
      socket.removeAllListeners("data");
      socket.on("data", (chunk: Buffer) => void (text += chunk.toString("latin1")));
      socket.resume();
      await closed.promise;
      return { rows: text.split('{"id":"pap_').length - 1, isWhole: text.endsWith("0\r\n\r\n") };
    },
  };
};

const cases: Readonly<Record<string, (nodes: Nodes) => Promise<Shown>>> = {
  "a key of the installation is revoked": async (nodes) => {
    const key = await nodes.grant({ roles: ["archive:reader"] });
    return {
      headers: { authorization: `Bearer ${key}` },
      end: async () => void (await revokeKey(nodes.running.app, hashOfKey(key), { channel: "test", requestId: "test-revoke" })),
    };
  },
  "a registered key is removed": async (nodes) => {
    const { key, hash } = await registeredKey(nodes);
    return { headers: { authorization: `Bearer ${key}` }, end: () => nodes.withdraw("key", hash) };
  },
  "a registered key expires": async (nodes) => {
    const { key, hash, value } = await registeredKey(nodes);
    return {
      headers: { "x-api-key": key },
      end: () => nodes.publish("key", hash, { ...value, expiresAt: new Date().toISOString() }),
    };
  },
  "its app is suspended": async (nodes) => {
    const app = await anApp(nodes);
    const { key } = await registeredKey(nodes, { app: app.id, roles: [] });
    return { headers: { authorization: `Bearer ${key}` }, end: () => app.change({ status: "suspended" }) };
  },
  "its app's owner is suspended": async (nodes) => {
    const user = await aUser(nodes);
    const app = await anApp(nodes, { owner: user.id });
    const { key } = await registeredKey(nodes, { app: app.id, roles: [] });
    return { headers: { authorization: `Bearer ${key}` }, end: () => user.change({ status: "suspended" }) };
  },
  "its app loses the role": async (nodes) => {
    const app = await anApp(nodes);
    const { key } = await registeredKey(nodes, { app: app.id, roles: [] });
    return { headers: { authorization: `Bearer ${key}` }, end: () => app.change({ roles: [] }), status: 403 };
  },
  "a product of its app is retired": async (nodes) => {
    const [product, plan] = [`prd_${newIdentifier()}`, `pln_${newIdentifier()}`];
    const offered = { status: "active", services: [{ service: "archive", roles: ["reader"] }] };
    await nodes.publish("product", product, offered);
    await nodes.publish("plan", plan, { name: "free", priority: 1, limits: [], costs: {}, unitPrice: 0 });
    const app = await anApp(nodes, { roles: [], subscriptions: [{ product, plan, environment: "sandbox" }] });
    const { key } = await registeredKey(nodes, { app: app.id, roles: [] });
    return {
      headers: { authorization: `Bearer ${key}` },
      end: () => nodes.publish("product", product, { ...offered, status: "retired" }),
      status: 403,
    };
  },
  "its tenant is suspended": async (nodes) => {
    const { tenant } = nodes;
    const { key } = await registeredKey(nodes);
    const home = await published(nodes, "tenant", tenant, { id: tenant, status: "active" });
    return {
      headers: { authorization: `Bearer ${key}` },
      end: () => home.change({ status: "suspended" }),
      restore: () => home.change({ status: "active" }),
    };
  },
  "a session is logged out": async (nodes) => {
    const session = await aSession(nodes);
    return { headers: session.headers, end: () => nodes.withdraw("session", session.hash) };
  },
  "its person logs out everywhere": async (nodes) => {
    const session = await aSession(nodes);
    return { headers: session.headers, end: () => session.user.change({ sessionsAfter: new Date().toISOString() }) };
  },
  "its person is suspended": async (nodes) => {
    const session = await aSession(nodes);
    return { headers: session.headers, end: () => session.user.change({ status: "suspended" }) };
  },
};

async function registeredKey(nodes: Nodes, more: object = {}): Promise<{ key: string; hash: string; value: object }> {
  const key = newApiKey("sandbox");
  const hash = hashOfKey(key);
  const limits = { scopes: null, ips: null, operations: null, expiresAt: null };
  const owner = { tenant: nodes.tenant, environment: "sandbox", app: null, user: null, subject: null };
  const value = { id: `key_${newIdentifier()}`, ...owner, roles: ["archive:reader"], ...limits, ...more };
  await nodes.publish("key", hash, value);
  return { key, hash, value };
}

interface Changeable {
  readonly id: string;
  change(to: object): Promise<void>;
}

async function published(nodes: Nodes, kind: string, id: string, value: object): Promise<Changeable> {
  await nodes.publish(kind, id, value);
  return { id, change: (to) => nodes.publish(kind, id, { ...value, ...to }) };
}

async function aUser(nodes: Nodes): Promise<Changeable> {
  const value = { email: "ann@example.com", name: "Ann", status: "active", roles: ["archive:reader"], subject: null };
  return published(nodes, "user", `usr_${newIdentifier()}`, { ...value, sessionsAfter: null });
}

async function anApp(nodes: Nodes, more: object = {}): Promise<Changeable> {
  const oauth = { redirectUris: [], grantTypes: [], scopes: null, isConfidential: true };
  const value = { name: "app", owner: null, status: "active", subscriptions: [], signers: [], secrets: [], ...oauth };
  return published(nodes, "app", `app_${newIdentifier()}`, { ...value, roles: ["archive:reader"], ...more });
}

async function aSession(nodes: Nodes): Promise<{ headers: Headers; hash: string; user: Changeable }> {
  const user = await aUser(nodes);
  const token = newSessionToken();
  const hash = hashOfKey(token);
  const now = new Date(Date.now() - 1_000).toISOString();
  const times = { createdAt: now, seenAt: now, expiresAt: far, idleSeconds: 3_600, verifiedAt: now };
  const session = { id: `ses_${newIdentifier()}`, user: user.id, environment: "sandbox", ...times, isLimited: false };
  await nodes.publish("session", hash, session);
  return { headers: { cookie: `__Host-pons=${token}` }, hash, user };
}

forEachEngine((engine) => {
  describe("SECURITY 5, 28: within a second, on every node, open streams included", () => {
    let nodes: Nodes;
    beforeAll(async () => {
      const count = engine.engine === "postgres" ? 2 : 1;
      nodes = await openNodes(await engine.create(), { count, services: [registry, archive] });
      const { app, caller } = nodes.running;
      const contract = app.contracts.get("archive");
      if (contract === undefined) throw new Error("no archive");
      // More than what stands in buffers between a server and who reads slowly.
      const text = "x".repeat(4_000);
      const rows = Array.from({ length: paperCount }, () => ({ id: `pap_${newIdentifier()}`, title: "long", text }));
      await createSeeder(app, contract, caller("keeper")).insert(papers, rows);
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const statusOf = async (node: Node, headers: Headers): Promise<number> => {
      const answer = await node.ask("/archive/v1/papers?perPage=1", { headers });
      await answer.body?.cancel();
      return answer.status;
    };

    /** Waits until every node answers so; throws when that takes longer than it may. */
    const answeredAlike = async (headers: Headers, status: number): Promise<void> => {
      const began = performance.now();
      for (const node of nodes.all()) {
        for (let found = await statusOf(node, headers); found !== status; found = await statusOf(node, headers)) {
          if (performance.now() - began > lateMsMax) throw new Error(`still ${found} after ${lateMsMax} ms`);
          await Bun.sleep(20);
        }
      }
    };

    test("who may go on reads the whole list, however slowly", async () => {
      const key = await nodes.grant({ roles: ["archive:reader"] });
      const reader = await slowReader(nodes.at(0), { authorization: `Bearer ${key}` });
      await Bun.sleep(700);
      expect(await reader.rest()).toEqual({ rows: paperCount, isWhole: true });
    });

    for (const [name, prepare] of Object.entries(cases))
      test(`SECURITY 5, 28: ${name}`, async () => {
        const { headers, end, status = 401, restore } = await prepare(nodes);
        expect(await Promise.all(nodes.all().map((node) => statusOf(node, headers)))).toEqual(nodes.all().map(() => 200));
        const readers = await Promise.all(nodes.all().map((node) => slowReader(node, headers)));
        await end();
        await answeredAlike(headers, status);
        // Streams are asked several times a second.
        await Bun.sleep(400);
        for (const reader of readers) {
          const { rows, isWhole } = await reader.rest();
          expect({ isWhole, isCut: rows < paperCount }).toEqual({ isWhole: false, isCut: true });
        }
        if (restore !== undefined) {
          await restore();
          await answeredAlike(headers, 200);
        }
        expect(nodes.errors).toEqual([]);
      });
  });
});
