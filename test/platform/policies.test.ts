/** Policies: what is refused, that a bad one changes nothing, history and rolling back, trials, and that they are in force at once. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf } from "../core/harness.ts";
import { offer, type Offers, openOffers } from "./commerce.ts";

const off = { kind: "operationSwitch", settings: { isOn: false }, scope: { operations: ["shop.look"] } };
let names = 0;
const fresh = (): string => `policy-${++names}`;

forEachEngine((engine) => {
  describe("policies", () => {
    let offers: Offers;
    let key: string;
    beforeAll(async () => {
      offers = await openOffers(await engine.create());
      const ids = await offer(offers);
      const made = await offers.app(null, "sandbox");
      key = made.key;
      await offers.call("subscriptions.create", { body: { app: made.id, ...ids } });
    });
    afterAll(() => offers[Symbol.asyncDispose]());

    const create = (body: object) => offers.call("policies.create", { body: { name: fresh(), ...body } });

    const wrong: readonly (readonly [string, object, readonly string[]])[] = [
      ["an address that is none", { kind: "ipDeny", settings: { networks: ["somewhere"] } }, ["settings.networks"]],
      ["a network too wide for its family", { kind: "ipAllow", settings: { networks: ["192.0.2.0/33"] } }, ["settings.networks"]],
      ["settings of another kind", { kind: "ipAllow", settings: { isOn: true } }, ["settings.isOn", "settings.networks"]],
      ["no object", { kind: "size", settings: [] }, ["settings"]],
      ["a kind that is none", { kind: "magic", settings: {} }, ["kind"]],
      [
        "any origin with cookies",
        { kind: "cors", settings: { origins: ["*"], allowCredentials: true, maxAgeSeconds: 5 } },
        ["settings.allowCredentials"],
      ],
      [
        "a null origin",
        { kind: "cors", settings: { origins: ["null"], allowCredentials: false, maxAgeSeconds: 5 } },
        ["settings.origins"],
      ],
      ["a pattern that is none", { ...off, scope: { operations: ["shop"] } }, ["scope.operations.0"]],
      ["a part of a scope that is none", { ...off, scope: { country: "DE" } }, ["scope.country"]],
      [
        "a sunset before the deprecation",
        { kind: "deprecation", settings: { deprecatedAt: "2026-05-01T00:00:00Z", sunsetAt: "2026-04-01T00:00:00Z" } },
        ["settings.sunsetAt"],
      ],
    ];
    test.each(wrong.map(([title, body, fields]) => ({ title, body, fields })))("refused: $title", async ({ body, fields }) => {
      const refusal = refusalOf(await create(body));
      expect([refusal.type, Object.keys(refusal.issues ?? {}).toSorted()]).toEqual(["validation_failed", [...fields].toSorted()]);
    });

    test("one is in force with the next call, and so is its end", async () => {
      expect(await offers.shop("look", key)).toBe("200");
      const id = idOf(await create(off));
      expect(await offers.shop("look", key)).toBe("403 operation_disabled");
      await offers.call("policies.update", { id, body: { enabled: false } });
      expect(await offers.shop("look", key)).toBe("200");
      await offers.call("policies.update", { id, body: { enabled: true } });
      expect(await offers.shop("look", key)).toBe("403 operation_disabled");
      await offers.call("policies.delete", { id });
      expect(await offers.shop("look", key)).toBe("200");
    });

    test("a change that does not fit is refused, and the last good one stays in force", async () => {
      const id = idOf(await create(off));
      expect(outcomeOf(await offers.call("policies.update", { id, body: { settings: { isOn: "no" } } }))).toBe(
        "422 validation_failed",
      );
      expect(dataOf(await offers.call("policies.get", { id }))).toMatchObject({ settings: { isOn: false }, revision: 1 });
      expect(await offers.shop("look", key)).toBe("403 operation_disabled");
      await offers.call("policies.delete", { id });
    });

    test("every change keeps a revision, and an earlier one can be the newest again", async () => {
      const id = idOf(await create({ ...off, order: 1, doc: "first" }));
      const as = offers.as("admin", { user: "usr_00000000000000000000000002" });
      await offers.call("policies.update", { as, id, body: { settings: { isOn: true }, doc: "second" } });
      await offers.call("policies.update", { id, body: { order: 7 } });
      const revisions = async () =>
        rowsOf(
          await offers.call("policyRevisions.list", {
            query: { named: [{ name: "of", params: { policy: id } }], sortBy: ["revision"] },
          }),
        );
      expect((await revisions()).map(({ revision, doc, order, settings }) => ({ revision, doc, order, settings }))).toEqual([
        { revision: 1, doc: "first", order: 1, settings: { isOn: false } },
        { revision: 2, doc: "second", order: 1, settings: { isOn: true } },
        { revision: 3, doc: "second", order: 7, settings: { isOn: true } },
      ]);
      expect((await revisions())[1]?.["changedBy"]).toBe("usr_00000000000000000000000002");
      expect(outcomeOf(await offers.call("policies.rollBack", { id, body: { revision: 9 } }))).toBe("422 no_such_revision");
      expect(dataOf(await offers.call("policies.rollBack", { id, body: { revision: 1 } }))).toMatchObject({
        revision: 4,
        doc: "first",
        order: 1,
        settings: { isOn: false },
      });
      expect(await offers.shop("look", key)).toBe("403 operation_disabled");
      await offers.call("policies.delete", { id });
      expect((await revisions()).map(({ revision, enabled }) => [revision, enabled]).at(-1)).toEqual([5, false]);
    });

    test("a name is unique within its environment", async () => {
      const name = fresh();
      const scope = (environment?: string) => ({ ...off, name, enabled: false, scope: { ...off.scope, environment } });
      expect(outcomeOf(await create(scope("sandbox")))).toBe("201");
      expect(outcomeOf(await create(scope("live")))).toBe("201");
      expect(outcomeOf(await create(scope("live")))).toBe("409 already_exists");
      expect(outcomeOf(await create(scope()))).toBe("201");
      expect(outcomeOf(await create(scope()))).toBe("409 already_exists");
    });

    test("only administrators change them; developers do not see them", async () => {
      const id = idOf(await create({ ...off, enabled: false }));
      for (const role of ["staff", "auditor", "developer"])
        expect(outcomeOf(await offers.call("policies.update", { as: offers.as(role), id, body: { order: 5 } }))).toBe(
          "403 forbidden",
        );
      expect(outcomeOf(await offers.call("policies.get", { as: offers.as("auditor"), id }))).toBe("200");
      expect(outcomeOf(await offers.call("policies.get", { as: offers.as("developer"), id }))).toBe("403 forbidden");
    });

    test("a draft is tried on the calls that came lately, and attached to none", async () => {
      for (let at = 0; at < 5; at++) {
        await offers.shop("look", key);
        await Bun.sleep(8);
      }
      const draft = { kind: "operationSwitch", settings: { isOn: false }, scope: { operations: ["shop.*"] } };
      const tried = dataOf(await offers.call("policies.dryRun", { body: draft }));
      expect(Number(tried["refused"])).toBeGreaterThanOrEqual(4);
      expect(Number(tried["calls"])).toBeGreaterThanOrEqual(Number(tried["refused"]));
      expect(tried["refusedOperations"]).toEqual([{ operation: "shop.look", refused: tried["refused"] }]);
      const elsewhere = { ...draft, scope: { operations: ["shop.*"], environment: "live" } };
      expect(dataOf(await offers.call("policies.dryRun", { body: elsewhere }))).toMatchObject({ covered: 0, refused: 0 });
      const cached = { kind: "cache", settings: { maxAgeSeconds: 5 }, scope: { operations: ["shop.look"] } };
      expect(dataOf(await offers.call("policies.dryRun", { body: cached }))).toMatchObject({
        refused: 0,
        changed: tried["refused"],
      });
      expect(outcomeOf(await offers.call("policies.dryRun", { body: { ...draft, settings: {} } }))).toBe("422 validation_failed");
      expect(await offers.shop("look", key)).toBe("200");
    });
  });
});
