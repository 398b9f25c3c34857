/** Who sees what: rows by rule, fields by role. What is not seen is as if it were not there, in every operation. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../depot/index.ts";
import { type Caller, dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

const missing = "box_01JD3Q8Z5T7N9V1X3B5D7F9H1K";

forEachEngine((engine) => {
  describe("visibility", () => {
    let depot: Running;
    let ann: string;
    let bob: string;
    let asAnn: Caller;
    let asBob: Caller;
    let asAgent: Caller;
    let asAuditor: Caller;
    let annBox: string;
    let bobBox: string;
    let annItem: string;

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      ann = idOf(
        await depot.call("owners.create", {
          body: { name: "Ann", agent: "a1", pin: "1234", phone: "+493012345678", credit: 600 },
        }),
      );
      bob = idOf(await depot.call("owners.create", { body: { name: "Bob", pin: "9999", phone: "+4930119301" } }));
      asAnn = depot.caller("owner", { subject: ann, user: "ann" });
      asBob = depot.caller("owner", { subject: bob, user: "bob" });
      asAgent = depot.caller("agent", { user: "a1" });
      asAuditor = depot.caller("auditor");
      annBox = idOf(await depot.call("boxes.create", { body: { owner: ann, code: "a", value: 10 } }));
      bobBox = idOf(await depot.call("boxes.create", { body: { owner: bob, code: "b", value: 20 } }));
      annItem = idOf(await depot.call("items.create", { body: { box: annBox, name: "lamp", quantity: 2 } }));
      await depot.call("items.create", { body: { box: bobBox, name: "chair", quantity: 3 } });
      dataOf(await depot.call("boxes.pour", { id: bobBox, body: { into: annBox, value: 1 } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("lists, counts, statistics and properties are of the rows one sees", async () => {
      const codes = async (as: Caller) => rowsOf(await depot.call("boxes.list", { as })).map(({ code }) => code);
      expect(await Promise.all([asAnn, asBob, asAgent, asAuditor].map(codes))).toEqual([["a"], ["b"], ["a"], ["a", "b"]]);
      const counts = await Promise.all(
        [asAnn, asBob, asAgent, asAuditor].map(async (as) => dataOf(await depot.call("boxes.count", { as }))),
      );
      expect(counts).toEqual([1, 1, 1, 2] as never);
      expect(dataOf(await depot.call("boxes.stats.byState", { as: asAnn }))).toEqual([
        { state: "open", boxes: 1, value: 11, owners: 1 },
      ] as never);
      expect(dataOf(await depot.call("boxes.property.totalValue", { as: asBob }))).toBe(19 as never);
      expect(dataOf(await depot.call("items.stats.perBox", { as: asAgent }))).toEqual([{ box: annBox, things: 2 }] as never);
      expect(rowsOf(await depot.call("moves.list", { as: asAnn }))).toHaveLength(1);
      expect(rowsOf(await depot.call("moves.list", { as: asBob }))).toHaveLength(1);
    });

    test("someone with two roles sees what either shows; someone without a subject sees nothing of their own", async () => {
      const both = depot.caller(["owner", "agent"], { subject: bob, user: "a1" });
      expect(rowsOf(await depot.call("boxes.list", { as: both })).map(({ code }) => code)).toEqual(["a", "b"]);
      expect(rowsOf(await depot.call("boxes.list", { as: depot.caller("owner") }))).toEqual([]);
      expect(rowsOf(await depot.call("items.list", { as: depot.caller("agent", { user: null }) }))).toEqual([]);
    });

    test("SECURITY 23: a foreign row answers exactly as a missing one, whatever is asked of it", async () => {
      const operations: [string, object?][] = [
        ["boxes.get"],
        ["boxes.update", { value: 1 }],
        ["boxes.replace", { owner: bob, code: "b" }],
        ["boxes.delete"],
        ["boxes.seal", {}],
        ["boxes.pour", { into: annBox, value: 1 }],
        ["boxes.twins", {}],
        ["boxes.worthOf", {}],
      ];
      for (const [operation, body] of operations) {
        const options = { as: asAnn, ...(body === undefined ? {} : { body }) };
        const foreign = await depot.call(operation, { ...options, id: bobBox });
        expect([operation, refusalOf(foreign)]).toEqual([
          operation,
          refusalOf(await depot.call(operation, { ...options, id: missing })),
        ]);
        expect(refusalOf(foreign).status).toBe(404);
      }
      const lists = ["items.list", "moves.list", "tags.list"] as const;
      for (const operation of lists) {
        const relation = operation.split(".")[0] as string;
        const parent = (id: string) => ({ as: asAnn, parent: { resource: "boxes", id, relation } });
        expect(refusalOf(await depot.call(operation, parent(bobBox)))).toEqual(
          refusalOf(await depot.call(operation, parent(missing))),
        );
        expect(outcomeOf(await depot.call(operation, parent(annBox)))).toBe("200");
      }
      expect(dataOf(await depot.call("boxes.get", { id: bobBox }))).toMatchObject({ version: 2, value: 19, state: "open" });
    });

    test("rules over relations hold for changes too", async () => {
      expect(outcomeOf(await depot.call("boxes.update", { as: asAgent, id: annBox, body: { label: "agent" } }))).toBe("200");
      expect(outcomeOf(await depot.call("boxes.update", { as: asAgent, id: bobBox, body: { label: "agent" } }))).toBe(
        "404 not_found",
      );
      expect(outcomeOf(await depot.call("items.update", { as: asAgent, id: annItem, body: { quantity: 4 } }))).toBe("200");
      expect(outcomeOf(await depot.call("items.update", { as: asBob, id: annItem, body: { quantity: 9 } }))).toBe(
        "404 not_found",
      );
      expect(outcomeOf(await depot.call("items.delete", { as: depot.caller("agent", { user: "a2" }), id: annItem }))).toBe(
        "404 not_found",
      );
      // In one commit: what decides is the row as the command before left it.
      const [given, mine] = await Promise.all([
        depot.call("owners.update", { id: ann, body: { agent: "a2" } }),
        depot.call("items.update", { as: asAgent, id: annItem, body: { quantity: 5 } }),
      ]);
      expect([outcomeOf(given), outcomeOf(mine)]).toEqual(["200", "404 not_found"]);
      await depot.call("owners.update", { id: ann, body: { agent: "a1" } });
    });

    test("a reference to a row one does not see is refused as if it were not there, with a rule on the row or over relations", async () => {
      const seen = (as: Caller, operation: string, body: object) => depot.call(operation, { as, body });
      const bad = (as: Caller, operation: string, body: object) => seen(as, operation, body).then(refusalOf);
      const nowhere = await bad(asAnn, "boxes.create", { owner: "own_01JD3Q8Z5T7N9V1X3B5D7F9H1K", code: "foreign" });
      expect(nowhere).toMatchObject({ status: 422, type: "invalid_reference", issues: { owner: [{ code: "bad_reference" }] } });
      expect(await bad(asAnn, "boxes.create", { owner: bob, code: "foreign" })).toEqual(nowhere);
      const noBox = await bad(asAnn, "items.create", { box: missing, name: "x" });
      expect(await bad(asAnn, "items.create", { box: bobBox, name: "x" })).toEqual(noBox);
      expect(await bad(asAgent, "items.create", { box: missing, name: "x" })).toEqual(noBox);
      expect(await bad(asAgent, "items.create", { box: bobBox, name: "x" })).toEqual(noBox);
      expect(refusalOf(await depot.call("items.update", { as: asAgent, id: annItem, body: { box: bobBox } }))).toEqual(noBox);
      expect(outcomeOf(await seen(asAgent, "items.create", { box: annBox, name: "agent's" }))).toBe("201");
      // Each of a batch for itself, though they are checked together.
      const batch = await Promise.all(
        [bobBox, annBox, missing].map((box, at) => depot.call("items.create", { as: asAgent, body: { box, name: `n${at}` } })),
      );
      expect(batch.map(outcomeOf)).toEqual(["422 invalid_reference", "201", "422 invalid_reference"]);
    });

    test("code asks whether the caller sees a row; a rule over relations is not decided by guessing", async () => {
      const visible = async (as: Caller, box: string) =>
        dataOf(await depot.call("boxes.visibleTo", { as, body: { box } }))["visible"];
      expect([await visible(asAnn, annBox), await visible(asAnn, bobBox), await visible(depot.caller("clerk"), bobBox)]).toEqual([
        true,
        false,
        true,
      ]);
    });

    test("SECURITY 25: fields of others are absent or masked, whoever asks and however", async () => {
      const own = dataOf(await depot.call("owners.get", { as: asAnn, id: ann }));
      expect(own).not.toHaveProperty("pin");
      expect(own).toMatchObject({ phone: "••••5678", credit: 600 });
      expect(dataOf(await depot.call("owners.get", { as: asAuditor, id: bob }))).toMatchObject({ phone: "••••9301" });
      expect(dataOf(await depot.call("owners.get", { id: ann }))).toMatchObject({ phone: "+493012345678", pin: "1234" });
      expect(dataOf(await depot.call("owners.update", { as: asAnn, id: ann, body: { name: "Ann" } }))).not.toHaveProperty("pin");
      expect(dataOf(await depot.call("me.get", { as: asAnn }))).toMatchObject({ id: ann, phone: "••••5678" });
      const [listed] = rowsOf(await depot.call("owners.list", { as: asAnn }));
      expect(listed).toMatchObject({ phone: "••••5678" });
      expect(listed).not.toHaveProperty("pin");
      const included = dataOf(await depot.call("boxes.get", { as: asAnn, id: annBox, query: { include: [{ name: "owner" }] } }));
      expect(included["owner"]).toMatchObject({ phone: "••••5678" });
      expect(included["owner"]).not.toHaveProperty("pin");
      expect(dataOf(await depot.call("owners.get", { as: asAnn, id: ann, query: { fields: ["phone"] } }))).toEqual({
        phone: "••••5678",
      });
    });

    test("SECURITY 25: what one may not read in full cannot be chosen, filtered or sorted by, directly or over a relation", async () => {
      const issue = async (operation: string, query: object) =>
        Object.entries(refusalOf(await depot.call(operation, { as: asAnn, query })).issues ?? {}).map(([name, issues]) => [
          name,
          ...issues.map(({ code }) => code),
        ]);
      for (const field of ["pin", "phone"]) {
        const filters = [{ path: field, op: "eq" as const, values: ["1234"], as: field }];
        expect(await issue("owners.list", { filters })).toEqual([[field, "unknown_field"]]);
        expect(await issue("owners.count", { filters })).toEqual([[field, "unknown_field"]]);
        expect(await issue("owners.list", { sortBy: [field] })).toEqual([["sortBy", "unknown_field"]]);
        const over = `owner.${field}`;
        expect(await issue("boxes.list", { filters: [{ path: over, op: "startsWith", values: ["1"], as: over }] })).toEqual([
          [over, "unknown_field"],
        ]);
        expect(await issue("boxes.list", { sortBy: [`${over}.desc`] })).toEqual([["sortBy", "unknown_field"]]);
      }
      expect(await issue("owners.list", { fields: ["pin"] })).toEqual([["fields", "unknown_field"]]);
      expect(await issue("boxes.list", { fields: ["owner.pin"] })).toEqual([["fields", "unknown_field"]]);
      expect(
        rowsOf(await depot.call("owners.list", { query: { filters: [{ path: "pin", op: "eq", values: ["1234"], as: "pin" }] } })),
      ).toHaveLength(1);
    });

    test("SECURITY 25: a filter or an order over a relation shows nothing of rows one does not see", async () => {
      // Ann sees the move from Bob's box, but not the box: no filter finds it by what is in it.
      const find = (as: Caller, path: string, value: string) =>
        depot.call("moves.list", { as, query: { filters: [{ path, op: "eq", values: [value], as: path }] } });
      expect(rowsOf(await find(asAnn, "source.code", "b"))).toEqual([]);
      expect(rowsOf(await find(asAnn, "target.code", "a"))).toHaveLength(1);
      expect(rowsOf(await find(asBob, "source.code", "b"))).toHaveLength(1);
      const [move] = rowsOf(
        await depot.call("moves.list", { as: asAnn, query: { include: [{ name: "source" }, { name: "target" }] } }),
      );
      expect(move).toMatchObject({ source: null, target: { code: "a" } });
    });

    test("a role without rows reaches none", async () => {
      const guest = depot.caller("guest");
      for (const { name } of depot.contract.operations.values()) {
        const outcome = outcomeOf(await depot.call(name, { as: guest, id: annBox, body: {} }));
        if (name === "square") expect(outcome).toBe("422 validation_failed");
        else if (name === "summary") expect(outcome).toBe("200");
        else expect(outcome).toBe("403 forbidden");
      }
      expect(outcomeOf(await depot.call("boxes.list", { as: depot.caller([]) }))).toBe("403 forbidden");
      expect(outcomeOf(await depot.call("boxes.list", { as: depot.caller(["admin", "__proto__", "constructor"]) }))).toBe(
        "403 forbidden",
      );
    });

    test("a singleton is the caller's own row, and nobody's without a subject", async () => {
      expect(dataOf(await depot.call("me.update", { as: asBob, body: { name: "Bobby" } }))).toMatchObject({
        id: bob,
        name: "Bobby",
      });
      expect(refusalOf(await depot.call("me.update", { as: asBob, body: { credit: 999 } })).issues).toEqual({
        credit: [{ code: "read_only" }],
      });
      expect(outcomeOf(await depot.call("me.get", { as: depot.caller("owner") }))).toBe("404 not_found");
      expect(outcomeOf(await depot.call("me.get", { as: depot.caller("owner", { subject: "own_gone" }) }))).toBe("404 not_found");
      expect(outcomeOf(await depot.call("me.get"))).toBe("403 forbidden");
      expect(
        dataOf(await depot.call("me.get", { as: asBob, query: { fields: ["name"], include: [{ name: "boxes", perPage: 1 }] } })),
      ).toMatchObject({ name: "Bobby", boxes: [{ code: "b" }] });
    });
  });
});
