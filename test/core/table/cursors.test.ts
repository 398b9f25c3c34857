/** Cursors hold no value that the caller may not read, and streams read relations a page's worth at a time. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import type { OpenStore } from "../../../src/store/index.ts";
import { forEachEngine, idOf, rowsOf, type Running, serve } from "../harness.ts";

const runners = resource(
  "runners",
  {
    doc: "Runners.",
    fields: {
      id: t.id("run"),
      name: t.string(),
      rank: t.string({ read: ["judge"] }),
      phone: t.string({ read: ["judge"], mask: "last4" }),
      mentor: t.ref("runners", { optional: true }),
    },
  },
  ({ all, many }) => ({
    rows: { judge: all, fan: all },
    access: { create: ["judge"] },
    relations: { pupils: many("runners", { by: "mentor" }) },
    sortBy: "rank.desc,phone,name",
    perPage: 2,
    maxPerPage: 4,
  }),
);
const roles = { judge: "Judges.", fan: "Watches." };
const race = service("race", { doc: "A race.", version: "v1", roles, resources: [runners] });

forEachEngine((engine) => {
  describe("cursors and streams", () => {
    let running: Running;
    let largest = 0;
    const around = (store: OpenStore): OpenStore => ({
      engine: store.engine,
      admin: store.admin,
      realms: store.realms,
      read: (shape, calls) => {
        largest = Math.max(largest, calls.length);
        return store.read(shape, calls);
      },
      scan: (shape, call, options) => store.scan(shape, call, options),
      write: (work) => store.write(work),
      ping: () => store.ping(),
      close: () => store.close(),
    });

    beforeAll(async () => {
      running = await serve(await engine.create(), { services: [race], role: "judge", around });
      let mentor: string | undefined;
      for (const [name, rank] of ["Ann 3", "Bob 1", "Cid 2", "Dot 9", "Eve 5"].map((text) => text.split(" "))) {
        const body = { name, rank: `secret-${rank}`, phone: "0123456789", ...(mentor === undefined ? {} : { mentor }) };
        mentor = idOf(await running.call("runners.create", { body }));
      }
    });
    afterAll(() => running[Symbol.asyncDispose]());

    const walk = async (role: string) => {
      const names: unknown[] = [];
      const seen: string[] = [];
      let cursor: string | undefined = "";
      for (let page = 0; page < 5 && cursor !== undefined; page++) {
        const result = await running.call("runners.list", { as: running.caller(role), query: { cursor } });
        names.push(...rowsOf(result).map(({ name }) => name));
        cursor = result.ok ? result.page?.nextCursor : undefined;
        if (cursor !== undefined) seen.push(Buffer.from(cursor.split(".")[0] ?? "", "base64url").toString());
      }
      return { names, cursors: seen.join("\n") };
    };

    test("whoever reads the fields of the default order is given that order", async () => {
      const { names, cursors } = await walk("judge");
      expect(names).toEqual(["Dot", "Eve", "Ann", "Cid", "Bob"]);
      expect(cursors).toContain("secret-5");
    });

    test("for the others the order does without them, and so do their cursors", async () => {
      const { names, cursors } = await walk("fan");
      expect(names).toEqual(["Ann", "Bob", "Cid", "Dot", "Eve"]);
      expect(cursors).toContain("Bob");
      expect(cursors).not.toContain("secret");
      expect(cursors).not.toContain("0123456789");
    });

    test("a stream asks for the relations of one page's rows at a time", async () => {
      largest = 0;
      const stream = await running.app.pipeline.stream(
        running.callOf("runners.list", { query: { sortBy: ["name"], include: [{ name: "pupils" }] } }),
      );
      if (!stream.ok) throw new Error(stream.refusal.type);
      const rows = (await Array.fromAsync(stream.rows)).flat() as { name: string; pupils: { name: string }[] }[];
      expect(rows.map(({ name, pupils }) => `${name}: ${pupils.map((pupil) => pupil.name).join()}`)).toEqual([
        "Ann: Bob",
        "Bob: Cid",
        "Cid: Dot",
        "Dot: Eve",
        "Eve: ",
      ]);
      expect(largest).toBe(2);
    });
  });
});
