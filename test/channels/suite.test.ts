/**
 * The same questions on every channel, and the same answers: what succeeds and every refusal, limits, redaction, idempotency across channels, tenants,
 * versions. What is expected is in scenarios.ts; beyond that every channel is compared with REST. Refusals in every language: refusals.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import type { Plane } from "../manage/plane.ts";
import { neutral, sorted } from "./compare.ts";
import type { Asked, Heard, Target } from "./driver.ts";
import { drivers } from "./drivers/index.ts";
import { scenarios, type Step } from "./scenarios.ts";
import { openStand, type Stand } from "./stand.ts";

/** Refusals that mean the same where a channel cannot say what is wrong more closely: its schema knows the field already. */
const sameAsRefused: ReadonlySet<string> = new Set([
  "validation_failed",
  "invalid_body",
  "invalid_request",
  "too_large",
  "forbidden",
]);

forEachEngine((engine) => {
  describe("every channel", () => {
    let stand: Stand;
    let plane: Plane;
    let target: Target;
    let keys: Stand["keys"];
    let known: Stand["known"];
    const reference = new Map<string, readonly unknown[]>();

    beforeAll(async () => {
      stand = await openStand(await engine.create());
      ({ plane, target, keys, known } = stand);
    });
    afterAll(async () => {
      for (const driver of drivers) await driver.close?.();
      expect(plane.errors).toEqual([]);
      await stand[Symbol.asyncDispose]();
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
