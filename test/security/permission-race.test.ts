/** What may be done is decided where it is done: nothing that changes between the question and the effect lets a call through, and no change is lost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { compileServices } from "../../src/host/app.ts";
import { command, resource, service, t } from "../../src/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf } from "../core/harness.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";

forEachEngine((engine) => {
  describe("permission and effect", () => {
    let nodes: Nodes;
    beforeAll(async () => {
      const count = engine.engine === "postgres" ? 2 : 1;
      nodes = await openNodes(await engine.create(), { count, services: [registry, archive] });
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const author = (subject: string) => nodes.running.caller("author", { subject });
    const paper = async (owner: string): Promise<string> =>
      idOf(await nodes.running.call("papers.create", { body: { title: "a paper", owner } }));

    test("SECURITY 28: a row that is given away while a change waits for its turn is changed no more by its former owner", async () => {
      const { running } = nodes;
      for (let round = 0; round < 20; round++) {
        const id = await paper("ann");
        const given = running.call("papers.update", { id, body: { owner: "ben" } });
        const changes = Array.from({ length: 10 }, (_, at) =>
          running.call("papers.update", { as: author("ann"), id, body: { title: `mine ${at}` } }),
        );
        dataOf(await given);
        const outcomes = (await Promise.all(changes)).map(outcomeOf);
        const { title, owner } = dataOf(await running.call("papers.get", { id }));
        // In order of arrival: all of them came after it.
        expect({ outcomes: [...new Set(outcomes)], title, owner }).toEqual({
          outcomes: ["404 not_found"],
          title: "a paper",
          owner: "ben",
        });
      }
    });

    test("SECURITY 28: also between the steps of one batch", async () => {
      const { running } = nodes;
      const id = await paper("ann");
      const results = await running.batch(
        [
          { operation: "papers.update", options: { id, body: { owner: "ben" } } },
          { operation: "papers.update", options: { as: author("ann"), id, body: { title: "mine" } } },
        ],
        "atomic",
      );
      expect(results.map(outcomeOf)).toEqual(["422 rolled_back", "404 not_found"]);
      expect(dataOf(await running.call("papers.get", { id }))).toMatchObject({ title: "a paper", owner: "ann" });
    });

    test("SECURITY 28: nobody gives himself what he may not have by the change itself", async () => {
      const { running } = nodes;
      const id = await paper("ann");
      const own = await running.call("papers.update", { as: author("ben"), id, body: { owner: "ben" } });
      expect(outcomeOf(own)).toBe("404 not_found");
      // What one gives away is gone.
      dataOf(await running.call("papers.update", { as: author("ann"), id, body: { owner: "ben" } }));
      expect(outcomeOf(await running.call("papers.get", { as: author("ann"), id }))).toBe("404 not_found");
    });

    test("SECURITY 37: of many writers on all nodes exactly one gets through for each version", async () => {
      const key = await nodes.grant({ roles: ["archive:keeper"] });
      const id = await paper("ann");
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      for (let round = 0; round < 8; round++) {
        const read = await nodes.at(0).ask(`/archive/v1/papers/${id}`, { headers });
        const tag = read.headers.get("etag") ?? "";
        expect(tag).toMatch(/^"/);
        const writers = Array.from({ length: 16 }, (_, at) => {
          const node = nodes.at(at % nodes.all().length);
          const body = JSON.stringify({ title: `round ${round}, writer ${at}` });
          return node.ask(`/archive/v1/papers/${id}`, { method: "PATCH", headers: { ...headers, "if-match": tag }, body });
        });
        const answers = await Promise.all(writers);
        const statuses = answers.map((answer) => answer.status);
        expect(statuses.filter((status) => status === 200)).toHaveLength(1);
        expect(statuses.filter((status) => status === 412)).toHaveLength(15);
        const winner = statuses.indexOf(200);
        const { data } = (await (await nodes.at(0).ask(`/archive/v1/papers/${id}`, { headers })).json()) as { data: object };
        expect(data).toMatchObject({ title: `round ${round}, writer ${winner}` });
      }
    });

    test("no error of ours", () => expect(nodes.errors).toEqual([]));
  });
});

describe("SECURITY 27: what nobody has decided about is closed", () => {
  const fields = { id: t.id("thg"), name: t.string(), secret: t.string({ optional: true }) };
  const compiled = (things: ReturnType<typeof resource>, more: object = {}) =>
    compileServices([service("s", { doc: "…", version: "v1", roles: { clerk: "…" }, resources: [things], ...more })]).get("s");

  test("SECURITY 27: a resource without rules for rows has no operation at all", () => {
    const things = resource("things", { doc: "…", fields }, () => ({ rows: {} }));
    expect([...(compiled(things)?.operations.keys() ?? [])]).toEqual([]);
  });

  test("SECURITY 27: who sees rows changes none, until he is named for it", () => {
    const things = resource("things", { doc: "…", fields }, ({ all }) => ({ rows: { clerk: all } }));
    const kinds = [...(compiled(things)?.operations.values() ?? [])].map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["query"]));
    const created = resource("things", { doc: "…", fields }, ({ all }) => ({
      rows: { clerk: all },
      access: { create: ["clerk"] },
    }));
    const commands = [...(compiled(created)?.operations.values() ?? [])].filter(({ kind }) => kind === "command");
    expect(commands.map(({ name }) => name)).toEqual(["things.create"]);
  });

  test.each([
    ["without roles", []],
    ["for a role that is none", ["clark"]],
  ])("SECURITY 27: a function %s does not compile", (_, roles) => {
    const things = resource("things", { doc: "…", fields }, ({ all }) => ({ rows: { clerk: all } }));
    const knock = command({ doc: "…", roles, output: "none", run: () => undefined });
    expect(() => compiled(things, { operations: { knock } })).toThrow(/knock/);
    const onItem = resource("things", { doc: "…", fields }, ({ all, command: change }) => ({
      rows: { clerk: all },
      functions: { touch: change({ doc: "…", on: "item", roles, output: "none", run: () => undefined }) },
    }));
    expect(() => compiled(onItem)).toThrow(/touch/);
  });

  test("SECURITY 27: rules and fields for roles that are none do not compile", () => {
    const wrong = [
      resource("things", { doc: "…", fields }, ({ all }) => ({ rows: { clark: all } })),
      resource("things", { doc: "…", fields }, ({ all }) => ({ rows: { clerk: all }, access: { create: ["clark"] } })),
      resource(
        "things",
        { doc: "…", fields: { ...fields, secret: t.string({ optional: true, read: ["clark"] }) } },
        ({ all }) => ({
          rows: { clerk: all },
        }),
      ),
      resource(
        "things",
        { doc: "…", fields: { ...fields, secret: t.string({ optional: true, write: ["clark"] }) } },
        ({ all }) => ({
          rows: { clerk: all },
        }),
      ),
    ];
    for (const things of wrong) expect(() => compiled(things as never)).toThrow(/clark/);
  });

  test("SECURITY 27: every operation of every shipped service names who may call it", async () => {
    const { loadServices } = await import("../../src/host/load-services.ts");
    for (const { definition } of await loadServices([])) {
      const contract = compileServices([definition]).get(definition.name);
      const open = [...(contract?.operations.values() ?? [])].filter(({ roles }) => roles.size === 0);
      expect(open.map(({ name }) => name)).toEqual([]);
    }
  });
});
