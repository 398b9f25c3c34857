/**
 * The same questions on every channel, and the same answers: what succeeds and every refusal, limits, redaction, idempotency across channels, tenants,
 * languages, versions. What is expected is in scenarios.ts; beyond that every channel is compared with REST.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { grantKeys } from "../../src/host/keys.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { forEachEngine } from "../core/harness.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import bazaar from "./bazaar.ts";
import { type Asked, type Heard, numbering, type Target } from "./driver.ts";
import { drivers } from "./drivers/index.ts";
import { scenarios, type Step, type Who } from "./scenarios.ts";

/** Refusals that mean the same where a channel cannot say what is wrong more closely: its schema knows the field already. */
const sameAsRefused: ReadonlySet<string> = new Set([
  "validation_failed",
  "invalid_body",
  "invalid_request",
  "too_large",
  "forbidden",
]);

/** An answer without what differs between two rows: ids, moments, tags. */
const neutral = (heard: Heard, tag: string): unknown => {
  const { outcome, data, page, message, issues, details } = heard;
  const text = JSON.stringify({ outcome, data, page, message, issues, details }, (key, value: unknown) =>
    // null and absent are the same to channels that have no null.
    value === null || key === "nextCursor" ? undefined : typeof value === "bigint" ? String(value) : value,
  );
  return JSON.parse(
    text
      .replaceAll(tag, "(tag)")
      .replaceAll(/\b(?:war|stl)_[0-9A-Za-z]{26}\b/g, "(id)")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(at)"),
  ) as unknown;
};

/** In the order of names: channels have orders of their own. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
};

/** A key of another tenant with both roles. */
const foreignKey = async (plane: Plane): Promise<string> => {
  const key = newApiKey("sandbox");
  const [node] = plane.nodes;
  if (node === undefined) throw new Error("there is no node");
  const roles = ["bazaar:seller", "bazaar:buyer"];
  await grantKeys(node.app, [{ key, tenant: "other", environment: "sandbox", app: "tests", user: null, subject: null, roles }]);
  return key;
};

forEachEngine((engine) => {
  describe("every channel", () => {
    let plane: Plane;
    let target: Target;
    const keys = new Map<Who, string | undefined>();
    const known = { stall: "", ware: "" };
    const reference = new Map<string, readonly unknown[]>();

    beforeAll(async () => {
      plane = await openPlane(await engine.create(), { service: bazaar });
      const [node] = plane.nodes;
      if (node === undefined) throw new Error("there is no node");
      const { contracts } = node.app;
      const { grpcPort, linePort } = await node.listeners();
      target = {
        baseUrl: node.origin,
        ...(grpcPort === undefined ? {} : { grpcPort }),
        ...(linePort === undefined ? {} : { linePort }),
        contract(service) {
          const contract = contracts.get(service);
          if (contract === undefined) throw new Error(`there is no service ${service}`);
          return contract;
        },
        numbersOf: numbering(),
        fetch: (path, init) => fetch(`${node.origin}${path}`, init),
      };
      for (const role of ["seller", "buyer", "watcher"] as const) keys.set(role, (await plane.app({}, [role])).key);
      keys.set("foreigner", await foreignKey(plane));
      keys.set("unknown", `${String(keys.get("seller")).slice(0, -3)}aaa`);
      const { ask } = plane;
      const key = String(keys.get("seller"));
      const stall = await ask("/bazaar/v2/stalls", { key, method: "POST", body: { name: "The corner" } });
      known.stall = String((stall.data as { id?: string }).id);
      const body = { stall: known.stall, name: "A lamp", price: 10, stock: 500 };
      known.ware = String(((await ask("/bazaar/v2/wares", { key, method: "POST", body })).data as { id?: string }).id);
    });
    afterAll(async () => {
      for (const driver of drivers) await driver.close?.();
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const askedOf = ({ as = "seller", operation, version, input = {}, headers }: Step): Asked => ({
      service: "bazaar",
      operation,
      input,
      key: keys.get(as),
      ...(version === undefined ? {} : { version }),
      ...(headers === undefined ? {} : { headers }),
    });

    const judge = (step: Step, heard: Heard, place: string): void => {
      const { outcome = "done" } = step;
      if (outcome === "refused")
        expect([place, heard.outcome, sameAsRefused.has(heard.outcome)]).toEqual([place, heard.outcome, true]);
      else if (heard.outcome !== outcome) expect([place, heard.outcome, heard.face]).toEqual([place, outcome, ""]);
      const data = step.data === undefined ? undefined : sorted(JSON.parse(JSON.stringify(step.data)));
      if (Array.isArray(data)) expect([place, heard.data]).toEqual([place, data]);
      else if (data !== undefined) {
        const shown = Object.fromEntries(
          Object.keys(data as object).map((name) => [name, (heard.data as Record<string, unknown>)[name] ?? null]),
        );
        expect([place, sorted(shown)]).toEqual([place, data]);
      }
      if (step.issues !== undefined)
        expect([place, Object.keys(heard.issues ?? {}).toSorted()]).toEqual([place, [...step.issues].toSorted()]);
      if (step.message !== undefined) expect([place, heard.message]).toEqual([place, step.message as string]);
      if (step.replayed !== undefined) expect([place, heard.replayed === true]).toEqual([place, step.replayed]);
      if (outcome !== "done" && outcome !== "refused") expect([place, (heard.message ?? "") !== ""]).toEqual([place, true]);
      try {
        step.check?.(heard);
      } catch (error) {
        throw new Error(`${place}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    };

    for (const driver of drivers) {
      for (const scenario of scenarios) {
        test(`${driver.name}: ${scenario.name}`, async () => {
          const tag = `t${drivers.indexOf(driver)}${scenarios.indexOf(scenario)}`;
          const heards: Heard[] = [];
          const told: unknown[] = [];
          for (const [at, step] of scenario.steps(tag, known).entries()) {
            const made = step(heards);
            const asked = askedOf(made);
            const place = `${driver.name} ${scenario.name} ${at}: ${made.operation}`;
            if (!driver.can(asked, target)) throw new Error(`${place}: the channel has no form for it`);
            const heard = await driver.ask(target, asked);
            judge(made, heard, place);
            heards.push(heard);
            told.push(made.outcome === "refused" ? made.outcome : sorted(neutral(heard, tag)));
          }
          const expected = reference.get(scenario.name);
          if (expected === undefined) reference.set(scenario.name, told);
          else expect(told).toEqual([...expected]);
        });
      }

      test(`SECURITY 33: ${driver.name}: an idempotency key that REST has seen`, async () => {
        const [rest] = drivers;
        const headers = { "idempotency-key": `"doors-${drivers.indexOf(driver)}"` };
        const body = { stall: known.stall, name: `Doors ${drivers.indexOf(driver)}`, price: 1 };
        const asked: Asked = { service: "bazaar", operation: "wares.create", input: { body }, key: keys.get("seller"), headers };
        const first = await rest?.ask(target, asked);
        const again = await driver.ask(target, asked);
        expect([again.outcome, (again.data as { id?: string }).id]).toEqual([
          "done",
          (first?.data as { id?: string } | undefined)?.id,
        ]);
        const other = await driver.ask(target, { ...asked, input: { body: { ...body, price: 2 } } });
        expect(other.outcome).toBe("idempotency_key_reused");
      });

      test(`SECURITY 56: ${driver.name}: a limit that was reached elsewhere is reached here`, async () => {
        const { key } = await plane.app({ limits: [{ name: "minute", kind: "rate", limit: 2, windowSeconds: 60 }] }, ["seller"]);
        const asked: Asked = { service: "bazaar", operation: "wares.get", input: { id: known.ware }, key };
        const [rest] = drivers;
        expect((await rest?.ask(target, asked))?.outcome).toBe("done");
        expect((await driver.ask(target, asked)).outcome).toBe("done");
        const refused = await driver.ask(target, asked);
        expect(refused.outcome).toBe("too_many_requests");
        expect([(refused.retryAfter ?? 0) > 0, (refused.retryAfter ?? 99) <= 60]).toEqual([true, true]);
      });

      test(`${driver.name}: a policy that switches an operation off, and one that hides a field`, async () => {
        const asked: Asked = { service: "bazaar", operation: "wares.get", input: { id: known.ware }, key: keys.get("seller") };
        await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["bazaar.wares.quote"] } });
        await plane.policy("redaction", { fields: ["bazaar.wares.code"], mask: "removed" });
        await plane.policy("redaction", { fields: ["bazaar.wares.name"], mask: "hidden" });
        await Bun.sleep(100);
        const heard = await driver.ask(target, asked);
        const { code = null, name } = heard.data as Record<string, unknown>;
        expect([heard.outcome, code, name]).toEqual(["done", null, "••••"]);
        expect(heard.face).not.toMatch(/A-123456|lamp/);
        const quote: Asked = { ...asked, operation: "wares.quote", input: { id: known.ware, body: { amount: 1 } } };
        expect((await driver.ask(target, quote)).outcome).toBe("operation_disabled");
        await plane.clear();
        await Bun.sleep(100);
      });

      test(`SECURITY 63: ${driver.name}: what is refused shows no inside`, async () => {
        const ids = ["war_'; DROP TABLE bazaar_wares; --", "../../etc/passwd", "__proto__", "war_\u0000"];
        for (const id of ids) {
          const asked: Asked = { service: "bazaar", operation: "wares.get", input: { id }, key: keys.get("seller") };
          const heard = await driver.ask(target, asked);
          expect([id, heard.outcome !== "done" && heard.outcome !== "internal"]).toEqual([id, true]);
          expect(heard.face).not.toMatch(/\/src\/|node_modules|SELECT |at Object|\.ts:/);
        }
      });
    }
  });
});
