/** Checkpoints: who signs what and when, what leaves the machine, and what happens while the database or the place outside is away. */
import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync } from "node:fs";
import {
  appendTo,
  checkpointsIn,
  publicKeyFrom,
  type SignedStatement,
  signingKeyOf,
  verifyAudit,
} from "../../src/audit/index.ts";
import { Checkpointer } from "../../src/audit/checkpointer.ts";
import { isSignedBy, parseStatement, signStatement } from "../../src/audit/statement.ts";
import { JournalHeads } from "../../src/batch/journal-heads.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { type OpenStore, StoreError } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { audited, publicKey, secret } from "./audited.ts";

const key = signingKeyOf(secret);
const statement = {
  stream: "5f0c6f6e-0000-4000-8000-000000000000",
  seq: 1,
  at: "2026-03-01T12:00:10.000Z",
  previous: "0".repeat(64),
  journal: [[7, 12, "a".repeat(64)] as const],
  refusals: [],
};

describe("signing key", () => {
  test("is derived from the secret: the same on every node, another for another secret", () => {
    expect(signingKeyOf(secret).public.raw).toBe(key.public.raw);
    expect(signingKeyOf(`${secret}.`).public.raw).not.toBe(key.public.raw);
    // HKDF-SHA256 of the secret with an empty salt (RFC 5869) as the seed of RFC 8032: a change would make all earlier checkpoints worthless.
    expect(key.public).toMatchObject({ id: "f5f24c73bec6bda4", raw: "Njlt7anivoiEQm5u6YSya87sNmwHaqv5LeLTqO7hKd8" });
  });

  test("a public key is read as it is printed, and nothing else is", () => {
    expect(publicKeyFrom(key.public.pem).id).toBe(key.public.id);
    expect(publicKeyFrom(`${key.public.raw}\n`).id).toBe(key.public.id);
    const { publicKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    for (const text of ["", "nothing", key.public.raw.slice(1), rsa.export({ format: "pem", type: "spki" })])
      expect(() => publicKeyFrom(text)).toThrow(TypeError);
  });

  test("a signature is of one statement and one key", () => {
    const signed = signStatement(statement, key);
    expect(isSignedBy(signed, key.public)).toBe(true);
    expect(isSignedBy(signed, signingKeyOf("another secret of an installation").public)).toBe(false);
    expect(isSignedBy({ ...signed, statement: signed.statement.replace("12", "13") }, key.public)).toBe(false);
    expect(isSignedBy({ ...signed, signature: "" }, key.public)).toBe(false);
    expect(parseStatement(signed.statement)).toEqual(statement);
    for (const text of ["", "null", "[]", "{}", JSON.stringify({ ...statement, journal: [[7, "12", "a"]] })])
      expect(parseStatement(text)).toBeUndefined();
  });
});

describe("export", () => {
  test("a file of lines, and a log among whose lines they stand", async () => {
    using folder = new TemporaryFolder();
    const path = folder.at("checkpoints.ndjson");
    const signed = [1, 2, 3].map((seq) => signStatement({ ...statement, seq }, key));
    const append = appendTo(path);
    for (const one of signed.slice(0, 2)) append(one);
    appendFileSync(path, `{"time":"…","event":"call"}\nnot JSON, but "statement"\n{"statement":1}\n${"x".repeat(300_000)}\n`);
    const logger = createLogger({ level: "info", text: false, write: (line) => appendFileSync(path, line) });
    logger.info("audit_checkpoint", { ...(signed[2] as SignedStatement) });
    appendFileSync(path, '{"statement":"cut o');
    const found: SignedStatement[] = [];
    for await (const one of checkpointsIn(path)) found.push(one);
    expect(found).toEqual(signed);
  });

  test("a statement of as many chains as there may be fits in a line of the log", () => {
    const journal = Array.from({ length: 48 }, (_, at) => [2_000_000_000 + at, 9_007_199_254_740_991, "a".repeat(64)] as const);
    const refusals = journal.map(([realm, seq, hash]) => [realm, crypto.randomUUID(), seq, hash] as const);
    const lines: string[] = [];
    const logger = createLogger({ level: "info", text: false, write: (line) => void lines.push(line) });
    const signed = [signStatement({ ...statement, journal }, key), signStatement({ ...statement, journal: [], refusals }, key)];
    for (const one of signed) logger.info("audit_checkpoint", { ...one });
    expect(lines.map((line) => JSON.parse(line) as SignedStatement)).toMatchObject(signed);
  });
});

forEachEngine((engine) => {
  describe("checkpoints", () => {
    test("nothing is signed where nothing has moved; what has is signed once", async () => {
      await using world = await audited(await engine.create());
      await world.audit.flush();
      expect(world.exported).toEqual([]);
      await world.create(2);
      await world.audit.flush();
      await world.audit.flush();
      await world.beRefused();
      await world.audit.flush();
      const { realm } = world.depot;
      const stated = world.exported.map((signed) => parseStatement(signed.statement));
      const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
      expect(stated).toMatchObject([
        { seq: 1, previous: "0".repeat(64), journal: [[realm, 2, hash]], refusals: [] },
        {
          seq: 2,
          previous: hash,
          journal: [],
          refusals: [
            [realm, expect.any(String), 2, hash],
            [0, expect.any(String), 1, hash],
          ],
        },
      ] as never);
    });

    test("by itself every few seconds, and once more when it stops", async () => {
      await using world = await audited(await engine.create());
      const exported: SignedStatement[] = [];
      const { store, depot } = world;
      const options = { key, journal: depot.app.writer.journalHeads, refusals: { takeMoved: () => new Map() } };
      const checkpointer = new Checkpointer(store, { ...options, everyMs: 20, onSigned: (signed) => void exported.push(signed) });
      checkpointer.start();
      await world.create(1);
      const deadline = performance.now() + 10_000;
      while (exported.length === 0 && performance.now() < deadline) await Bun.sleep(10);
      expect(exported).toHaveLength(1);
      const stopping = checkpointer.stop();
      await stopping;
      await world.create(1);
      await Bun.sleep(60);
      expect(exported).toHaveLength(1);
      await checkpointer.stop();
      expect(exported).toHaveLength(2);
      expect((await world.verify()).problems).toEqual([]);
    });

    test("a process that begins states what one that was killed has left unstated", async () => {
      await using world = await audited(await engine.create());
      await world.create(3);
      const exported: SignedStatement[] = [];
      const options = { key, journal: new JournalHeads(), refusals: { takeMoved: () => new Map() } };
      const next = new Checkpointer(world.store, { ...options, onSigned: (signed) => void exported.push(signed) });
      await next.checkpoint();
      await next.checkpoint();
      expect(exported.map(({ statement: text }) => parseStatement(text)?.journal)).toMatchObject([
        [[world.depot.realm, 3, expect.any(String)]],
      ]);
      const cut = [
        "DELETE FROM pons_journal WHERE realm = R AND seq = 3",
        "UPDATE pons_counters SET value = 2 WHERE realm = R AND name = 'journal'",
      ];
      expect((await world.told(cut)).flat()).toHaveLength(1);
    });

    test("more chains than one statement holds are in several", async () => {
      await using world = await audited(await engine.create());
      const journal = new JournalHeads();
      journal.committed(new Map(Array.from({ length: 100 }, (_, at) => [1_000 + at, { seq: 1, hash: "b".repeat(64) }])));
      const exported: SignedStatement[] = [];
      const options = {
        key,
        journal,
        refusals: { takeMoved: () => new Map() },
        onSigned: (signed: SignedStatement) => void exported.push(signed),
      };
      await new Checkpointer(world.store, options).checkpoint();
      const counts = exported.map(({ statement: text }) => parseStatement(text)?.journal.length ?? 0);
      expect(counts).toEqual([48, 48, 4]);
    });

    test("while the database or the place outside is away nothing is lost or signed twice", async () => {
      await using world = await audited(await engine.create());
      const fates: ("away" | "lost" | "kept")[] = ["away", "lost", "kept"];
      const store: OpenStore = Object.assign(Object.create(world.store) as OpenStore, {
        admin: world.store.admin,
        read: (...args: Parameters<OpenStore["read"]>) => world.store.read(...args),
        write: async (work: Parameters<OpenStore["write"]>[0]) => {
          const fate = fates.shift();
          if (fate === "away") throw new StoreError("unavailable", "away on purpose");
          await world.store.write(work);
          if (fate === "lost") throw new StoreError("unknown_fate", "the answer was lost on purpose");
        },
      });
      const exported: SignedStatement[] = [];
      const told: string[] = [];
      let isFull = true;
      const journal = new JournalHeads();
      const checkpointer = new Checkpointer(store, {
        key,
        journal,
        refusals: { takeMoved: () => new Map() },
        onSigned: (signed) => {
          if (isFull) throw new Error("the disk outside is full");
          exported.push(signed);
        },
        onError: (error) => void told.push(String(error)),
      });
      const head = (seq: number) => journal.committed(new Map([[1_000, { seq, hash: "b".repeat(64) }]]));
      for (let seq = 1; seq <= 4; seq++) {
        head(seq);
        await checkpointer.checkpoint().catch(() => undefined);
      }
      expect(told).toEqual(Array.from({ length: told.length }, () => "Error: the disk outside is full"));
      expect(told.length).toBeGreaterThan(0);
      isFull = false;
      head(5);
      await checkpointer.checkpoint();
      const stated = exported.map(({ statement: text }) => parseStatement(text));
      expect(stated.map((one) => one?.seq)).toEqual(stated.map((_, at) => at + 1));
      expect(stated.at(-1)?.journal).toEqual([[1_000, 5, "b".repeat(64)]]);
      const { checkpoints, problems } = await verifyAudit(world.store, { keys: [publicKey], realms: new Set([0]) });
      expect({ statements: checkpoints.statements, problems }).toEqual({ statements: exported.length, problems: [] });
    });
  });
});
