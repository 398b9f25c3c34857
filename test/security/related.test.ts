/**
 * SECURITY 25: a related resource that is read with another one (included, selected, filtered or sorted by) needs what its own read needs: scopes, the
 * operations of the key, policies. On every channel, and the same as when it is read by itself.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Input, RawQuery } from "../../src/pipeline/call.ts";
import bazaar from "../channels/bazaar.ts";
import { type Asked, type Heard, numbering, type Target } from "../channels/driver.ts";
import { graphqlDriver } from "../channels/drivers/graphql.ts";
import { drivers } from "../channels/drivers/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { type Data, openPlane, type Plane } from "../manage/plane.ts";

const secret = "The hidden corner";

forEachEngine((engine) => {
  describe("related resources", () => {
    let plane: Plane;
    let target: Target;
    let app: string;
    const keys: Record<"all" | "scoped" | "limited", string> = { all: "", scoped: "", limited: "" };
    const known = { stall: "", ware: "" };

    const keyOf = async (more: Data): Promise<string> =>
      String((await plane.admin("POST", `/apps/${app}/createKey`, { name: "Key", environment: "sandbox", ...more }))["secret"]);

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
      ({ id: app, key: keys.all } = await plane.app({}, ["seller"]));
      keys.scoped = await keyOf({ scopes: ["bazaar.wares"] });
      keys.limited = await keyOf({ operations: ["bazaar.wares.*"] });
      const make = async (path: string, body: Data): Promise<string> =>
        String(((await plane.ask(`/bazaar/v2${path}`, { key: keys.all, method: "POST", body })).data as Data)["id"]);
      known.stall = await make("/stalls", { name: secret });
      known.ware = await make("/wares", { stall: known.stall, name: "A lamp", price: 10 });
    });
    afterEach(() => plane.clear());
    afterAll(async () => {
      for (const driver of drivers) await driver.close?.();
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const asked = (operation: string, input: Input, key: string): Asked => ({ service: "bazaar", operation, input, key });
    const reads = (query: RawQuery): readonly [string, Input][] => [
      ["wares.list", { query }],
      ["wares.get", { id: known.ware, query }],
    ];
    const withStall: RawQuery = { include: [{ name: "stall" }] };
    const switchedOff = { scope: { operations: ["bazaar.stalls.get"] } };

    for (const driver of drivers) {
      /** GraphQL answers what it may of a row, and says at the field why there is nothing. */
      const refusalOf = ({ outcome, face }: Heard): string =>
        driver === graphqlDriver && outcome === "done" ? (/"type":"(\w+)"/.exec(face)?.[1] ?? outcome) : outcome;

      test(`SECURITY 25: ${driver.name}: what is included needs the scopes and operations of its own read`, async () => {
        for (const [operation, input] of reads(withStall)) {
          const open = await driver.ask(target, asked(operation, input, keys.all));
          expect([operation, open.outcome, open.face.includes(secret)]).toEqual([operation, "done", true]);
          for (const [key, outcome] of [
            [keys.scoped, "scope_required"],
            [keys.limited, "forbidden"],
          ] as const) {
            const plain = await driver.ask(target, asked(operation, { ...input, query: {} }, key));
            expect([operation, outcome, plain.outcome]).toEqual([operation, outcome, "done"]);
            const heard = await driver.ask(target, asked(operation, input, key));
            expect([operation, refusalOf(heard), heard.face.includes(secret)]).toEqual([operation, outcome, false]);
          }
        }
      });

      test(`SECURITY 25: ${driver.name}: what is included needs that policies let its own read pass`, async () => {
        const [list] = reads(withStall);
        if (list === undefined) throw new Error("there is no read");
        await plane.policy("operationSwitch", { isOn: false }, switchedOff);
        const off = await driver.ask(target, asked(...list, keys.all));
        expect([refusalOf(off), off.face.includes(secret)]).toEqual(["operation_disabled", false]);
        // The list of what belongs to a stall is the wares' own operation, and that is on.
        expect((await driver.ask(target, asked("wares.list", { query: {} }, keys.all))).outcome).toBe("done");
        await plane.clear();
        await plane.policy("maintenance", { retryAfterSeconds: 7, allowsReads: false }, switchedOff);
        const closed = await driver.ask(target, asked(...list, keys.all));
        expect([refusalOf(closed), closed.face.includes(secret)]).toEqual(["maintenance", false]);
        await plane.clear();
        await plane.policy("operationSwitch", { isOn: false }, { scope: { operations: ["bazaar.wares.list"] } });
        const wares: Input = { id: known.stall, query: { include: [{ name: "wares", perPage: 5 }] } };
        const many = await driver.ask(target, asked("stalls.get", wares, keys.all));
        expect([refusalOf(many), many.face.includes("A lamp")]).toEqual(["operation_disabled", false]);
      });
    }

    const rest = async (path: string, key: string): Promise<readonly [string, boolean]> => {
      const { outcome, text } = await plane.ask(`/bazaar/v2${path}`, { key });
      return [outcome, text.includes(secret)];
    };

    test("SECURITY 25: REST: fields, filters and orders over a relation need it too, at every depth and in every form", async () => {
      const paths = [
        "/wares?fields=id,stall.name",
        `/wares/${known.ware}?fields=stall.name`,
        "/wares?include=stall",
        "/wares?stall.name=nothing",
        "/wares?sortBy=stall.name",
        "/wares/count?stall.name=nothing",
        "/wares.ndjson?include=stall",
        "/wares.csv?fields=id,stall.name",
      ];
      for (const path of paths) {
        expect([path, ...(await rest(path, keys.scoped))]).toEqual([path, "403 scope_required", false]);
        expect([path, ...(await rest(path, keys.limited))]).toEqual([path, "403 forbidden", false]);
        expect([path, (await rest(path, keys.all))[0]]).toEqual([path, "200"]);
      }
      const stalls = await keyOf({ scopes: ["bazaar.stalls"] });
      expect((await rest("/stalls?include=wares(perPage:3)", stalls))[0]).toBe("403 scope_required");
      // What the middle of a path needs is asked as well as its end.
      expect((await rest("/wares?include=stall(include:wares(perPage:3))", keys.scoped))[0]).toBe("403 scope_required");
      await plane.policy("operationSwitch", { isOn: false }, switchedOff);
      for (const path of paths) expect([path, ...(await rest(path, keys.all))]).toEqual([path, "403 operation_disabled", false]);
    });

    test("SECURITY 25: what a key is limited to holds for every step of a batch that commits as a whole", async () => {
      const call = (path: string, body: Data): Data => ({ method: "POST", path, body });
      const batch = { strategy: "atomic", calls: [{ path: "/wares" }, call("/stalls", { name: "Smuggled" })] };
      const heard = await plane.ask("/bazaar/v2/batch", { key: keys.limited, method: "POST", body: batch });
      expect((heard.data as Data[]).at(-1)).toMatchObject({ success: false, status: 403 });
      const { text } = await plane.ask("/bazaar/v2/stalls", { key: keys.all });
      expect(text.includes("Smuggled")).toBe(false);
    });
  });
});
