/**
 * The control plane with hostile input: every operation, by everybody, with sound and spoilt bodies, bent addresses and queries, ids of another tenant, and
 * under policies of every kind. Every answer is sound, none is an error of ours, and none shows or changes what is another tenant's.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import platform from "../../services/platform/index.ts";
import { addressesOf } from "../../src/contract/openapi/index.ts";
import { exampleOf } from "../../src/contract/example.ts";
import { compileServices } from "../../src/host/app.ts";
import { testDatabases } from "../postgres/index.ts";
import { pathOf, type Place, targetOf } from "./address.ts";
import { hostileBodies } from "./body.ts";
import type { Harvest } from "./harvest.ts";
import { bodyOf } from "./input.ts";
import { askAndJudge, Flaw, textOf, valueOf } from "./judge.ts";
import { soundQuery } from "./query.ts";
import { holds, testMsMax } from "./runs.ts";
import { type Asking, startTarget, type Target } from "./target.ts";
import { goodValue, hostileValue, spoilt } from "./value.ts";
import { type Heard, headerOf } from "./wire.ts";

type Caller = "developer" | "admin" | "auditor" | "staff" | "operator" | "rival";
type Data = Record<string, unknown>;

const memoryMax = 400 * 1024 * 1024;
const root = "/platform/v1";
/** Stands in everything of the other tenant that is nobody else's. */
const canary = "RIVALSECRET";
/** Documents beside the API, which have forms of their own. */
const documents = /^\/(?:\?.*|#.*)?$|healthz|readyz|favicon|openapi|docs/;
/** Passwords and second factors are made to be slow. */
const withinMs = 5_000;

const contract = compileServices([platform]).get("platform");
if (contract === undefined) throw new Error("no platform");
const places: readonly Place[] = addressesOf(contract).map((address) => ({ contract, address }));
const resources = [...contract.resources.values()];

const callers: readonly (Caller | undefined)[] = [
  "admin",
  "admin",
  "admin",
  "developer",
  "developer",
  "auditor",
  "staff",
  "operator",
  undefined,
];

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let target: Target<Caller>;
    let known: Harvest;
    /** Resource → ids of the other tenant. */
    const foreign = new Map<string, readonly string[]>();
    let before: string;

    const ask = async (as: Caller, method: string, path: string, body?: object): Promise<unknown> => {
      const heard = await target.ask({ method, path: `${root}${path}`, as, ...(body === undefined ? {} : { body }) });
      if (heard.status >= 300) throw new Error(`${method} ${path}: ${textOf(heard)}`);
      return heard.body.length === 0 ? undefined : (valueOf(heard) as { data?: unknown }).data;
    };
    const made = async (as: Caller, path: string, body: object): Promise<string> =>
      ((await ask(as, "POST", path, body)) as Data)["id"] as string;
    /** Rows of a resource, oldest first; none where the caller may not list them. */
    const rowsOf = async (as: Caller, resource: string): Promise<readonly Data[]> => {
      const heard = await target.ask({ method: "GET", path: `${root}/${resource}?perPage=100&sortBy=id`, as });
      return heard.status === 200 ? (valueOf(heard) as { data: Data[] }).data : [];
    };
    /** What the other tenant has, as it sees it itself. Mails go out by themselves. */
    const snapshot = async (): Promise<string> => {
      const all: Record<string, readonly Data[]> = {};
      for (const { name } of resources) if (name !== "mails" && name !== "notifications") all[name] = await rowsOf("rival", name);
      return JSON.stringify(all, null, 1);
    };

    const fill = async (as: Caller, mark: string): Promise<void> => {
      const owner = as === "rival" ? target.other : target.customer;
      const name = (): string => `x${crypto.randomUUID().slice(0, 8)}`;
      const product = await made(as, "/products", {
        name: name(),
        title: mark,
        doc: mark,
        services: [{ service: "shop", roles: ["customer"] }],
      });
      const plan = await made(as, "/plans", {
        name: name(),
        title: "Plan",
        limits: [{ name: "burst", kind: "burst", limit: 5, windowSeconds: 9 }],
      });
      const app = await made(as, "/apps", { name: `${mark} ${name()}`, owner });
      await ask(as, "POST", `/apps/${app}/createKey`, { name: mark, environment: "sandbox" });
      await ask(as, "POST", "/subscriptions", { app, product, plan, environment: "sandbox" });
      const off = { kind: "operationSwitch", settings: { isOn: false }, scope: { operations: ["shop.ping"] } };
      await made(as, "/policies", { name: name(), doc: mark, ...off });
      await made(as, "/communities", { name: name(), title: "People", doc: "Of somebody", joining: "invitation" });
      await ask(as, "POST", "/invitations/invite", {
        email: `${mark.toLowerCase()}.${name()}@example.com`,
        roles: ["platform:staff"],
      });
      await made(as, "/issuers", { issuer: `https://${name()}.example`, audience: mark, environment: "sandbox", roles: [] });
      await made(as, "/roleGrants", { app, role: "shop:customer", reason: mark }).catch(() => undefined);
    };
    /** What is there now, of the own tenant and of the other one. */
    const harvest = async (): Promise<Harvest> => {
      const ids = new Map<string, readonly string[]>();
      for (const { name } of resources) {
        const own = [...(await rowsOf("admin", name)), ...(await rowsOf("developer", name))].map(({ id }) => id as string);
        const others = foreign.get(name) ?? [];
        if (name !== "tenants" && own.length + others.length > 0) ids.set(`platform.${name}`, [...own, ...others]);
      }
      const prey = (await rowsOf("operator", "tenants")).find((row) => row["name"] === "prey");
      ids.set("platform.tenants", [String(prey?.["id"])]);
      const page = await target.ask({ method: "GET", path: `${root}/plans?perPage=1`, as: "admin" });
      const { pagination } = valueOf(page) as { pagination?: { nextCursor?: string } };
      return { ids, cursor: pagination?.nextCursor ?? "none", tag: headerOf(page, "etag") ?? "" };
    };

    beforeAll(async () => {
      target = await startTarget<Caller>(await create(), "serve-platform.ts");
      await fill("rival", canary);
      await fill("admin", "Own");
      for (const { name } of resources) {
        const ids = (await rowsOf("rival", name)).map(({ id }) => id as string);
        if (ids.length > 0 && name !== "tenants") foreign.set(name, ids);
      }
      known = await harvest();
      before = await snapshot();
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    /** Asks, judges the answer, and looks for what is another tenant's. */
    const sound = async (asking: Asking<Caller>): Promise<Heard> => {
      const heard = await askAndJudge(target, asking, { withinMs, isDocument: documents.test(asking.path) });
      if (
        heard.body.length > 0 &&
        asking.as !== "rival" &&
        Buffer.from(heard.body).includes(canary) &&
        !JSON.stringify(asking).includes(canary)
      )
        throw new Flaw(
          `${asking.method} ${asking.path} shows ${String(asking.as)} what is another tenant's: ${textOf(heard).slice(0, 500)}`,
        );
      const faults = target.faults();
      if (faults.length > 0) throw new Flaw(faults.join("\n"));
      return heard;
    };

    const writes = places.filter(({ address }) => address.method !== "GET" && !["query", "batch", "job"].includes(address.use));
    /** A body as the documents show it, with ids that are there, sometimes with one thing wrong. */
    const exampleBody = ({ address }: Place): fc.Arbitrary<unknown> => {
      const fields = Object.entries((address.then ?? address.operation)?.input ?? {});
      if (address.property !== undefined) return hostileValue;
      const values = fields.map(([name, field]) => {
        const good = goodValue(field, known, "platform");
        if (field.kind === "ref") return [name, good] as const;
        const slug = fc.nat().map((number) => `x${number}`);
        const weighted = { weight: 8, arbitrary: name === "name" ? slug : fc.constant(exampleOf(field, { name })) };
        return [name, fc.oneof(weighted, { weight: 1, arbitrary: good })] as const;
      });
      const requiredKeys = fields.filter(([, { options }]) => options.optional !== true).map(([name]) => name);
      const whole = fc.record(Object.fromEntries(values), { requiredKeys, noNullPrototype: true });
      return fc.oneof(whole, spoilt(whole, requiredKeys));
    };
    /** Mostly somebody to whom the operation is open. */
    const callerOf = ({ address }: Place): fc.Arbitrary<Caller | undefined> => {
      const open = callers.filter((as) => as !== undefined && address.operation?.roles.has(as) === true);
      const all = fc.constantFrom(...callers);
      return open.length === 0
        ? all
        : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...open) }, { weight: 1, arbitrary: all });
    };
    const calls = (): fc.Arbitrary<Asking<Caller>> =>
      fc.constantFrom(...writes).chain((place) =>
        fc
          .tuple(
            pathOf(place, known).map((path) => path.replace(/^\/+[^/]*(?=\/platform\/)/, "")),
            fc.oneof(bodyOf(place, known), exampleBody(place)),
            callerOf(place),
            fc.constantFrom<Asking["headers"]>(
              [],
              [],
              [["Prefer", "return=minimal"]],
              [["Idempotency-Key", '"fuzz"']],
              [["Pons-Tenant", "demo"]],
              [
                ["Pons-Act-For", "usr_1"],
                ["Pons-Reason", "x"],
              ],
              [["Accept", "application/xml"]],
            ),
          )
          .map(([path, body, as, headers = []]): Asking<Caller> => {
            const { use, method } = place.address;
            const sent = use === "deleteMany" ? { ids: [body] } : use === "changeMany" ? [body] : body;
            return {
              method,
              path,
              headers: [["Content-Type", "application/json"], ...headers],
              body: JSON.stringify(sent) ?? "null",
              ...(as === undefined ? {} : { as }),
            };
          }),
      );

    test(
      "every operation, with bodies that are sound or have one thing wrong",
      async () => {
        let taken = 0;
        await holds(calls(), { runs: 700 }, async (asking) => {
          if ((await sound(asking)).status < 300) taken++;
        });
        // What is always refused tells nothing.
        expect(taken).toBeGreaterThan(10);
      },
      testMsMax,
    );

    test(
      "addresses, queries and methods",
      async () => {
        known = await harvest();
        const inputs = fc.record({
          place: fc.constantFrom(...places),
          as: fc.constantFrom(...callers),
          method: fc.constantFrom(undefined, undefined, undefined, "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"),
        });
        await holds(
          inputs.chain(({ place, as, method }) =>
            targetOf(place, known).map((path) => ({
              method: method ?? place.address.method,
              path,
              ...(as === undefined ? {} : { as }),
            })),
          ),
          { runs: 500 },
          async (asking) => void (await sound(asking)),
        );
      },
      testMsMax,
    );

    test(
      "sound queries with hostile values",
      async () => {
        const lists = places.filter(
          ({ address }) => address.method === "GET" && (address.use === "list" || address.use === "value"),
        );
        const inputs = fc.constantFrom(...lists).chain((place) => {
          const resource = place.address.many?.target ?? place.address.operation?.resource;
          if (resource === undefined) throw new Error(`a list of nothing: ${place.address.path}`);
          return fc.record({
            path: pathOf(place, known),
            query: soundQuery(resource, known, "platform"),
            as: fc.constantFrom<Caller>("admin", "developer", "operator", "auditor"),
          });
        });
        await holds(inputs, { runs: 400 }, async ({ path, query, as }) => {
          await sound({ method: "GET", path: query === "" ? path : `${path}?${query}`, as });
        });
      },
      testMsMax,
    );

    test(
      "SECURITY 41: every hostile body is refused",
      async () => {
        for (const { name, type, body, headers = [] } of hostileBodies()) {
          const asking = {
            method: "POST",
            path: `${root}/products`,
            as: "admin",
            headers: [["Content-Type", type], ...headers],
            body,
          } as const;
          const { status } = await sound(asking);
          expect([name, status >= 400 || body === "[]"]).toEqual([name, true]);
        }
      },
      testMsMax,
    );

    test(
      "SECURITY 23, 29: ids of another tenant are ids of nothing, in every operation and for everybody",
      async () => {
        const wrong: string[] = [];
        for (const { address } of places) {
          const resource = (address.parent ?? address.operation?.resource)?.name ?? "";
          const [id] = foreign.get(resource) ?? [];
          if (!address.path.includes("{id}") || id === undefined) continue;
          const path = `${root}${address.path.replace("{id}", id).replace(/\{\w+\}/g, id)}`;
          for (const as of ["admin", "developer", "auditor", "operator", undefined] as const) {
            const isRead = address.method === "GET";
            const { status } = await sound({
              method: address.method,
              path,
              ...(isRead ? {} : { body: {} }),
              ...(as === undefined ? {} : { as }),
            });
            // What the tenant shows to everybody is asked for by its name, not by its id.
            if (status < 400) wrong.push(`${address.method} ${path} by ${String(as)}: ${status}`);
          }
        }
        expect(wrong).toEqual([]);
      },
      testMsMax,
    );

    test(
      "under policies of every kind the control plane stays sound, and can undo them",
      async () => {
        const names = ["platform.apps.name", "platform.policies.settings", "platform.plans.limits", "platform.users.email"];
        const policies: readonly (readonly [string, object])[] = [
          ["ipDeny", { networks: ["0.0.0.0/0", "::/0"] }],
          ["authenticationStrength", { accepted: ["signature"] }],
          ["operationSwitch", { isOn: false }],
          ["maintenance", { retryAfterSeconds: 5, allowsReads: false }],
          ["size", { requestBytesMax: 0 }],
          ["deprecation", { deprecatedAt: "2020-01-01T00:00:00Z", sunsetAt: "2020-01-02T00:00:00Z", link: "/guides" }],
          ["cache", { maxAgeSeconds: 60 }],
          ["cors", { origins: ["*"], allowCredentials: false, maxAgeSeconds: 60 }],
          ["validation", { request: "lenient", response: "report" }],
          ["redaction", { fields: names, mask: "removed" }],
          ["redaction", { fields: names, mask: "last4" }],
          ["transformation", { rename: Object.fromEntries(names.map((name, at) => [name, `other${at}`])) }],
        ];
        for (const [at, [kind, settings]] of policies.entries()) {
          known = await harvest();
          const id = await made("admin", "/policies", { name: `fuzz-${at}-${crypto.randomUUID().slice(0, 6)}`, kind, settings });
          // The inputs of a night are spread over the policies.
          await holds(calls(), { runs: 40, each: policies.length }, async (asking) => void (await sound(asking)));
          for (const { name } of resources) await sound({ method: "GET", path: `${root}/${name}?perPage=5`, as: "admin" });
          const heard = await sound({ method: "DELETE", path: `${root}/policies/${id}`, as: "admin" });
          expect([kind, [204, 404].includes(heard.status)]).toEqual([kind, true]);
        }
      },
      testMsMax,
    );

    test("nothing was logged as a fault, the server lives, its memory is bounded, and the other tenant has what it had", async () => {
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      expect(await target.memory()).toBeLessThan(memoryMax);
      expect(await snapshot()).toBe(before);
    });
  });
}
