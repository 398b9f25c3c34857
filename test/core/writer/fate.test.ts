/** The database goes away while commands are under way: what was answered stays, what was not known is found out in the journal. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { type PostgresServer, startPostgres } from "../../postgres/index.ts";
import { openStore, StoreError } from "../../../src/store/index.ts";
import type { OpenStore } from "../../../src/store/index.ts";
import definition from "../depot/index.ts";
import { dataOf, idOf, outcomeOf, type Running, serve } from "../harness.ts";

describe("fate of a commit", () => {
  let server: PostgresServer;
  let depot: Running;
  let owner: string;
  /**
   * What happens to the next commits: `lost` happen, but their answer never comes; `late` ones too, but a while after they were given up; `undone` do
   * not happen, and no answer comes either.
   */
  let next: ("lost" | "late" | "undone")[] = [];
  /** Another connection, on which late commits are under way. */
  let elsewhere: OpenStore;
  /** Done between a commit that did not happen and the look into the journal. */
  let meanwhile = async (): Promise<void> => {};
  let databaseUrl = "";

  const around = (store: OpenStore): OpenStore =>
    Object.assign(Object.create(store) as OpenStore, {
      engine: store.engine,
      admin: store.admin,
      realms: store.realms,
      read: (...args: Parameters<OpenStore["read"]>) => store.read(...args),
      scan: (...args: Parameters<OpenStore["scan"]>) => store.scan(...args),
      ping: () => store.ping(),
      close: () => store.close(),
      write: async <T>(work: Parameters<typeof store.write<T>>[0]): Promise<T> => {
        const fate = next.shift();
        const lost = new StoreError("unknown_fate", "the answer was lost on purpose");
        if (fate === "undone") {
          await Promise.resolve(
            store.write(async (tx) => {
              await work(tx);
              throw lost;
            }),
          ).catch(async (error: unknown) => {
            await meanwhile();
            throw error;
          });
        }
        if (fate === "late") {
          const evaluated = Promise.withResolvers<void>();
          void Promise.resolve(
            elsewhere.write(async (tx) => {
              await work(tx);
              evaluated.resolve();
              await Bun.sleep(300);
            }),
          );
          await evaluated.promise;
          throw lost;
        }
        const done = await store.write(work);
        if (fate === "lost") throw lost;
        return done;
      },
    });

  beforeAll(async () => {
    // Durable: what was answered has to be there after the server was killed.
    server = await startPostgres();
    const url = await server.createDatabase();
    const asAdmin = new URL(server.url);
    asAdmin.pathname = new URL(url).pathname;
    databaseUrl = asAdmin.href;
    elsewhere = await openStore(url);
    depot = await serve({ url, drop: async () => {} }, { services: [definition], around, tolerant: true });
    owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
  }, 30_000);
  afterAll(async () => {
    await elsewhere.close();
    await depot[Symbol.asyncDispose]();
    await server.stop();
  });

  const codesLike = async (prefix: string): Promise<string[]> => {
    const found = await depot.call("boxes.list", {
      query: { perPage: 50, filters: [{ path: "code", op: "startsWith", values: [prefix], as: "code" }] },
    });
    return (dataOf(found) as unknown as { code: string }[]).map(({ code }) => code);
  };
  const create = (code: string, more: object = {}) => depot.call("boxes.create", { body: { owner, code }, ...more });

  test("a commit that happened without an answer is answered, and not done twice", async () => {
    next = ["lost"];
    const results = await Promise.all([create("lost-1"), create("lost-2"), create("lost-1")]);
    expect(results.map(outcomeOf)).toEqual(["201", "201", "409 already_exists"]);
    expect(await codesLike("lost-")).toEqual(["lost-1", "lost-2"]);
  });

  test("a commit that is still under way when its answer is given up is waited for, and not done twice", async () => {
    next = ["late"];
    const before = await depot.lastSeq();
    const results = await Promise.all([create("late-1"), depot.call("restock", { body: { names: ["late"] } })]);
    expect(results.map(outcomeOf)).toEqual(["201", "200"]);
    expect(await codesLike("late-")).toEqual(["late-1"]);
    const named = await depot.call("owners.count", {
      query: { filters: [{ path: "name", op: "eq", values: ["late"], as: "name" }] },
    });
    expect(dataOf(named)).toBe(1 as never);
    expect(await depot.lastSeq()).toBe(before + 2);
  });

  test("a commit that did not happen is done again, once", async () => {
    next = ["undone", "undone"];
    const results = await Promise.all([create("undone-1"), create("undone-2")]);
    expect(results.map(outcomeOf)).toEqual(["201", "201"]);
    expect(await codesLike("undone-")).toEqual(["undone-1", "undone-2"]);
    const numbers = results.map((result) => Number(dataOf(result)["number"]));
    expect(numbers[1]).toBe((numbers[0] ?? 0) + 1);
  });

  test("another node's row under the same number is not taken for one's own", async () => {
    const seq = await depot.lastSeq();
    next = ["undone"];
    meanwhile = async () => {
      // Another node writes the row of the journal that this commit would have written, for a retry of the same request.
      meanwhile = async () => {};
      const sql = new SQL(databaseUrl, { max: 1, connection: { "pons.all_realms": "on" } });
      await sql.unsafe(
        "insert into pons_journal (realm, seq, at, operation, channel, request_id, status, changes) values ($1, $2, '2020-01-01T00:00:00Z', 'x', 'x', 'same-request', 200, '[]')",
        [depot.realm, seq + 1],
      );
      await sql.unsafe("update pons_counters set value = $2 where realm = $1 and name = 'journal'", [depot.realm, seq + 1]);
      await sql.close();
    };
    expect(outcomeOf(await create("taken", { requestId: "same-request" }))).toBe("201");
    expect((await depot.journal({ after: seq })).map(({ at }) => (at as string).slice(0, 4))).toEqual([
      "2020",
      expect.not.stringMatching("2020"),
    ]);
    expect(await codesLike("taken")).toEqual(["taken"]);
  });

  test("connections killed while commits are under way: what was answered is there, what was refused is not, each once", async () => {
    const killer = new SQL(server.url, { max: 1 });
    const calls: Promise<readonly [string, string]>[] = [];
    for (let round = 0; round < 12; round++) {
      for (let at = 0; at < 3; at++) {
        const code = `kill-${round}-${at}`;
        calls.push(create(code).then((result) => [code, outcomeOf(result)] as const));
      }
      await Bun.sleep(2);
      if (round % 3 === 1)
        await killer.unsafe("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pons'");
    }
    await killer.close();
    const outcomes = await Promise.all(calls);
    for (const [, outcome] of outcomes) expect(["201", "503 unavailable", "503 unknown_fate"]).toContain(outcome);
    const there = new Set<string>();
    for (const [code, outcome] of outcomes) {
      const found = await codesLikeSoon(code);
      if (found.length > 0) there.add(code);
      if (outcome === "201") expect(found).toEqual([code]);
      if (outcome === "503 unavailable") expect(found).toEqual([]);
    }
    expect(there.size).toBeGreaterThan(0);
    const journal = await depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  }, 20_000);

  /** The pool needs a moment to connect anew. */
  const codesLikeSoon = async (code: string): Promise<string[]> => {
    for (let attempt = 0; ; attempt++) {
      const found = await depot.call("boxes.list", {
        query: { filters: [{ path: "code", op: "eq", values: [code], as: "code" }] },
      });
      if (found.ok) return (found.data as { code: string }[]).map((row) => row.code);
      if (attempt === 100) throw new Error(JSON.stringify(found));
      await Bun.sleep(20);
    }
  };

  test("a restart of the database: refused while it is away, served afterwards, nothing lost", async () => {
    const answered: string[] = [];
    let stop = false;
    const load = (async () => {
      for (let at = 0; !stop && at < 5_000; at++) {
        const code = `rest-${at}`;
        const result = await create(code);
        if (result.ok) answered.push(code);
        else expect(["503 unavailable", "503 unknown_fate", "504 deadline_exceeded"]).toContain(outcomeOf(result));
        if (!result.ok) await Bun.sleep(10);
      }
    })();
    await Bun.sleep(60);
    const before = answered.length;
    await server.restart("immediate");
    const until = Date.now() + 8_000;
    while (answered.length < before + 20 && Date.now() < until) await Bun.sleep(20);
    stop = true;
    await load;
    expect(answered.length).toBeGreaterThanOrEqual(before + 20);
    const count = await depot.call("boxes.count", {
      query: { filters: [{ path: "code", op: "startsWith", values: ["rest-"], as: "code" }] },
    });
    expect(Number(dataOf(count))).toBeGreaterThanOrEqual(answered.length);
    for (const code of [answered[0], answered[before - 1], answered[before], answered.at(-1)])
      expect(await codesLikeSoon(String(code))).toEqual([String(code)]);
    const journal = await depot.journal();
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_, at) => at + 1));
  }, 30_000);
});
