/**
 * Who may do what, over the wire: every operation with every role, foreign rows that look like missing ones, and addresses that try to get around.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { places } from "./address.ts";
import { checkBooks } from "./books.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { askAndJudge, textOf, valueOf } from "./judge.ts";
import { testMsMax } from "./runs.ts";
import { type Asking, type Caller, startTarget, type Target } from "./target.ts";
import { type Heard, headerOf } from "./wire.ts";

type Row = Record<string, unknown>;

/** Roles of the keys. */
const rolesOf: Readonly<Record<Caller, readonly string[]>> = {
  teller: ["teller"],
  supervisor: ["supervisor"],
  auditor: ["auditor"],
  customer: ["customer"],
  other: ["customer"],
  clerk: ["clerk"],
  guest: ["guest"],
  stranger: ["teller", "clerk"],
};
const callers: readonly Caller[] = ["teller", "supervisor", "auditor", "customer", "clerk", "guest", "stranger"];

const dataOf = (heard: Heard): unknown => (valueOf(heard) as { data?: unknown }).data;

/** An answer without what differs between any two: request id, time, and the ids that were asked for. */
const faceOf = (heard: Heard, ids: readonly string[]): { status: number; headers: unknown; body: string } => {
  const requestId = headerOf(heard, "x-request-id") ?? "";
  const plain = (text: string): string => [requestId, ...ids].reduce((rest, id) => rest.replaceAll(id, "(id)"), text);
  const headers = heard.headers
    .filter(([name]) => !["date", "x-request-id", "content-length"].includes(name))
    .map(([name, value]) => [name, plain(value)]);
  return {
    status: heard.status,
    headers: headers.toSorted(([a = ""], [b = ""]) => a.localeCompare(b)),
    body: plain(textOf(heard)),
  };
};

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let target: Target;
    let known: Harvest;
    let own: { account: string; transfer: string };
    let foreign: { account: string; customer: string; transfer: string };
    beforeAll(async () => {
      target = await startTarget(await create());
      known = await harvest(target);
      const first = async (path: string, as: Caller): Promise<Row> => {
        const [row] = dataOf(await target.ask({ method: "GET", path, as })) as Row[];
        if (row === undefined) throw new Error(`${path}: nothing there`);
        return row;
      };
      const mine = await first("/bank/v2/accounts?status=active", "customer");
      const theirs = await first("/bank/v2/accounts?status=active", "other");
      const ownTransfer = await first(`/bank/v2/accounts/${String(mine["id"])}/transfers`, "customer");
      // Of neither side.
      const { customer } = target;
      const all = dataOf(
        await target.ask({
          method: "GET",
          path: `/bank/v2/transfers?debit.customer=${target.other}&credit.customer!=${customer}&perPage=1`,
          as: "teller",
        }),
      ) as Row[];
      own = { account: String(mine["id"]), transfer: String(ownTransfer["id"]) };
      foreign = { account: String(theirs["id"]), customer: target.other, transfer: String(all[0]?.["id"]) };
      expect(foreign.transfer).toMatch(/^trf_/);
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    test(
      "SECURITY 24: every operation is refused with 403 to exactly the roles it does not list, and with 401 to nobody's key",
      async () => {
        const wrong: unknown[] = [];
        for (const { contract, address } of places) {
          const { operation, then } = address;
          if (operation === undefined) continue;
          for (const version of [
            contract.version,
            ...contract.older
              .filter(({ sunset }) => sunset === undefined || Date.parse(sunset) > Date.now())
              .map(({ name }) => name),
          ]) {
            const missing = "xxx_00000000000000000000000000";
            const property = contract.older.length > 0 && version !== contract.version && address.property !== undefined;
            if (property) continue;
            const path = `/${contract.service}/${version}${address.path.replaceAll(/\{\w+\}/g, missing)}`;
            const body = {
              headers: [["Content-Type", "application/json"]] as const,
              body:
                address.use === "deleteMany"
                  ? `{"ids":["${missing}"]}`
                  : address.use === "changeMany"
                    ? `[{"id":"${missing}"}]`
                    : address.use === "relate"
                      ? `{"id":"${missing}"}`
                      : "{}",
            };
            const sent = address.method === "GET" || (address.method === "DELETE" && address.use !== "deleteMany") ? {} : body;
            for (const as of callers) {
              const heard = await askAndJudge(target, { method: address.method, path, as, ...sent });
              const mayCall = [operation, ...(then === undefined ? [] : [then])].every(({ roles }) =>
                rolesOf[as].some((role) => roles.has(role)),
              );
              const value = valueOf(heard) as { data?: unknown } | undefined;
              const verdict =
                Array.isArray(value?.data) &&
                value.data.length > 0 &&
                typeof value.data[0] === "object" &&
                address.use.endsWith("Many")
                  ? (value.data[0] as { status: number }).status
                  : heard.status;
              const isForbidden = verdict === 403;
              if (isForbidden === mayCall)
                wrong.push({ operation: operation.name, method: address.method, path, as, status: heard.status, verdict });
            }
            if (address.method === "PATCH" && address.use === "change") {
              const patch: Partial<Asking> = { headers: [["Content-Type", "application/json-patch+json"]], body: "[]" };
              for (const as of callers.filter((caller) => !rolesOf[caller].some((role) => operation.roles.has(role)))) {
                const { status } = await askAndJudge(target, { method: "PATCH", path, as, ...patch });
                if (status !== 403) wrong.push({ operation: operation.name, path, as, patch, status });
              }
            }
            const anonymous = await askAndJudge(target, { method: address.method, path, ...sent });
            const [one] = Array.isArray((valueOf(anonymous) as Row)["data"])
              ? ((valueOf(anonymous) as Row)["data"] as { status: number }[])
              : [];
            if (anonymous.status !== 401 && one?.status !== 401)
              wrong.push({ operation: operation.name, path, as: "nobody", status: anonymous.status });
          }
        }
        expect(wrong).toEqual([]);
      },
      testMsMax,
    );

    test(
      "SECURITY 23: a row of someone else is answered like one that is not there, whatever is done to it",
      async () => {
        const missing = {
          account: "acc_01JGFJJZ0000000000000000ZZ",
          customer: "cus_01JGFJJZ0000000000000000ZZ",
          transfer: "trf_01JGFJJZ0000000000000000ZZ",
        };
        const json = (body: object): Partial<Asking> => ({ body });
        const patch: Partial<Asking> = {
          headers: [["Content-Type", "application/json-patch+json"]],
          body: '[{"op":"replace","path":"/name","value":"x"}]',
        };
        const asked = (ids: typeof missing): (Partial<Asking> & { method: string; path: string; as: Caller })[] =>
          (["customer", "stranger"] as const).flatMap((as) => [
            ...[
              "",
              ".xml",
              ".yaml",
              "/name",
              "/balance",
              "/customer",
              "/iban",
              "/transfers",
              "/transfers?debit.customer=x",
              "?fields=id",
              "?include=transfers",
              "/nope",
            ].map((tail) => ({ method: "GET", path: `/bank/v2/accounts/${ids.account}${tail}`, as })),
            { method: "GET", path: `/bank/v1/accounts/${ids.account}`, as },
            { method: "HEAD", path: `/bank/v2/accounts/${ids.account}`, as },
            { method: "GET", path: `/bank/v2/accounts/${ids.account}`, as, headers: [["If-None-Match", "*"]] },
            { method: "PATCH", path: `/bank/v2/accounts/${ids.account}`, as, ...json({ name: "mine" }) },
            {
              method: "PATCH",
              path: `/bank/v2/accounts/${ids.account}`,
              as,
              headers: [
                ["If-Match", "*"],
                ["Content-Type", "application/json"],
              ],
              body: '{"name":"x"}',
            },
            {
              method: "PATCH",
              path: `/bank/v2/accounts/${ids.account}`,
              as,
              headers: [
                ["If-Match", '"x"'],
                ["Content-Type", "application/json"],
              ],
              body: '{"name":"x"}',
            },
            { method: "PATCH", path: `/bank/v2/accounts/${ids.account}`, as, ...json({ name: "" }) },
            { method: "PATCH", path: `/bank/v2/accounts/${ids.account}`, as, ...patch },
            { method: "PUT", path: `/bank/v2/accounts/${ids.account}/name`, as, ...json(["x"]) },
            { method: "PATCH", path: "/bank/v2/accounts", as, ...json([{ id: ids.account, name: "x" }]) },
            { method: "GET", path: `/bank/v2/customers/${ids.customer}`, as },
            { method: "GET", path: `/bank/v2/customers/${ids.customer}/accounts`, as },
            { method: "GET", path: `/bank/v2/customers/${ids.customer}/accounts?page=2`, as },
            { method: "QUERY", path: `/bank/v2/customers/${ids.customer}/accounts`, as, ...json({ status: "active" }) },
            { method: "GET", path: `/bank/v2/transfers/${ids.transfer}`, as },
            { method: "GET", path: `/bank/v2/accounts?id=${ids.account}`, as },
            { method: "GET", path: `/bank/v2/accounts?customer=${ids.customer}`, as },
            { method: "GET", path: `/bank/v2/accounts?customer.name^=A&customer=${ids.customer}`, as },
            { method: "GET", path: `/bank/v2/transfers?debit=${ids.account}`, as },
            { method: "GET", path: `/bank/v2/transfers?id=${ids.transfer}`, as },
            { method: "GET", path: `/bank/v2/accounts/count?customer=${ids.customer}`, as },
            {
              method: "POST",
              path: "/bank/v2/transfers",
              as,
              ...json({ debit: ids.account, credit: own.account, amount: 1, currency: "EUR" }),
            },
            {
              method: "POST",
              path: "/bank/v2/batch",
              as,
              ...json({
                calls: [
                  { path: `/accounts/${ids.account}` },
                  { method: "PATCH", path: `/accounts/${ids.account}`, body: { name: "x" } },
                ],
              }),
            },
            ...(as === "stranger"
              ? [
                  { method: "DELETE", path: `/bank/v2/accounts/${ids.account}`, as },
                  { method: "DELETE", path: "/bank/v2/accounts", as, ...json({ ids: [ids.account] }) },
                  ...["freeze", "unfreeze", "close"].map((name) => ({
                    method: "POST",
                    path: `/bank/v2/accounts/${ids.account}/${name}`,
                    as,
                    ...json(name === "freeze" ? { reason: "x" } : {}),
                  })),
                  { method: "POST", path: `/bank/v2/customers/${ids.customer}/deactivate`, as },
                  { method: "PATCH", path: `/bank/v2/customers/${ids.customer}`, as, ...json({ name: "x" }) },
                  {
                    method: "POST",
                    path: "/bank/v2/accounts",
                    as,
                    ...json({ customer: ids.customer, name: "x", currency: "EUR" }),
                  },
                  {
                    method: "POST",
                    path: `/bank/v2/customers/${ids.customer}/accounts`,
                    as,
                    ...json({ name: "x", currency: "EUR" }),
                  },
                ]
              : []),
          ]);
        const real = asked(foreign);
        const ids = [...Object.values(foreign), ...Object.values(missing)];
        for (const [index, asking] of asked(missing).entries()) {
          const absent = faceOf(await askAndJudge(target, asking), ids);
          const hiddenOne = faceOf(await askAndJudge(target, real[index]!), ids);
          const shown = { method: asking.method, path: asking.path, as: asking.as };
          expect({ ...shown, ...hiddenOne }).toEqual({ ...shown, ...absent });
          if (/\/(?:accounts|customers|transfers)\/\w+$/.test(asking.path) && asking.method === "GET")
            expect(absent.status).toBe(404);
        }
      },
      testMsMax,
    );

    test("SECURITY 23: an id of someone else cannot be taken for a new row, nor its fate be learned", async () => {
      const body = { id: foreign.transfer, debit: own.account, credit: own.account, amount: 1, currency: "EUR" };
      const heard = await askAndJudge(target, { method: "POST", path: "/bank/v2/transfers", as: "customer", body });
      expect(heard.status).toBeGreaterThanOrEqual(400);
      expect(textOf(heard)).not.toContain(foreign.account);
      expect(textOf(heard)).not.toMatch(/"amount":\d/);
    });

    test("SECURITY 25: what a role may not read is in no form of no answer, and cannot be asked about", async () => {
      const { customer } = target;
      for (const path of [
        `/bank/v2/customers/${customer}`,
        "/bank/v2/profile",
        "/bank/v2/customers",
        "/bank/v2/profile.xml",
        "/bank/v2/customers.csv",
        "/bank/v2/customers.ndjson",
      ]) {
        const text = textOf(await askAndJudge(target, { method: "GET", path, as: "customer" }));
        expect(text).not.toMatch(/"taxNumber":"(?!•)/);
      }
      for (const path of [
        "/bank/v2/transfers",
        `/bank/v2/transfers/${own.transfer}`,
        `/bank/v2/accounts/${own.account}/transfers`,
        "/bank/v2/accounts?include=transfers",
        "/bank/v2/transfers.csv",
        "/bank/v2/transfers.csv?perPage=5",
        "/bank/v2/accounts.csv",
        "/bank/v2/transfers.ndjson",
        `/bank/v1/transfers/${own.transfer}`,
        "/bank/v2/accounts.xml?include=transfers",
      ]) {
        const text = textOf(await askAndJudge(target, { method: "GET", path, as: "customer" }));
        for (const field of ["debitBalance", "creditBalance", "debitVersion", "creditVersion", "frozenReason"])
          expect({ path, field, shows: text.includes(field) }).toEqual({ path, field, shows: false });
      }
      for (const query of [
        "debitBalance=1",
        "debitBalance>=0",
        "sortBy=debitBalance",
        "sortBy=creditVersion.desc",
        "fields=debitBalance",
        "debit.frozenReason~=a",
        "debit.frozenReason[null]=true",
        "debit.customer.taxNumber^=M",
        "sortBy=debit.customer.taxNumber",
        "fields=debit.frozenReason",
      ]) {
        const heard = await askAndJudge(target, { method: "GET", path: `/bank/v2/transfers?${query}`, as: "customer" });
        expect({ query, status: heard.status }).toEqual({ query, status: 422 });
      }
      for (const property of ["debitBalance", "creditVersion"]) {
        const heard = await askAndJudge(target, {
          method: "GET",
          path: `/bank/v2/transfers/${own.transfer}/${property}`,
          as: "customer",
        });
        expect({ property, isRefused: [403, 404].includes(heard.status) }).toEqual({ property, isRefused: true });
      }
    });

    test(
      "SECURITY 24: no way of writing an address or a method leads around the roles",
      async () => {
        const account = own.account;
        const paths = [
          `/bank/v2/accounts/${account}/freeze`,
          `/bank/v2/accounts/${account}/freeze/`,
          `/bank/v2/accounts/${account}/Freeze`,
          `/bank/v2/accounts/${account}/freeze;x=y`,
          `/bank/v2/accounts/${account}%2ffreeze`,
          `/bank/v2/accounts/${account}/%66reeze`,
          `/bank/v2/accounts/${account}/%2566reeze`,
          `/bank/v2//accounts/${account}/freeze`,
          `/bank/v2/./accounts/${account}/freeze`,
          `/bank/v2/x/../accounts/${account}/freeze`,
          `/bank/v2/x/%2e%2e/accounts/${account}/freeze`,
          `//bank/v2/accounts/${account}/freeze`,
          `/BANK/v2/accounts/${account}/freeze`,
          `/bank/V2/accounts/${account}/freeze`,
          `/de/bank/v2/accounts/${account}/freeze`,
          `/bank/v1/accounts/${account}/freeze`,
          `/bank/v2/accounts/${account}/freeze.json`,
          `/bank/v2/accounts/${account}/freeze%00`,
          `/bank/v2/accounts/${account}/freeze%20`,
          `/bank\\v2\\accounts\\${account}\\freeze`,
          `/bank/v2/profile/../accounts/${account}/freeze`,
          `http://internal/bank/v2/accounts/${account}/freeze`,
        ];
        const headers = [
          [],
          [["X-HTTP-Method-Override", "PATCH"]],
          [["X-Original-URL", "/bank/v2/quoteFee"]],
          [["X-Forwarded-For", "127.0.0.1"]],
          [["X-Roles", "teller"]],
          [
            ["X-Tenant", "demo"],
            ["X-Realm", "1"],
          ],
          [["Cookie", "role=teller"]],
        ] as const;
        for (const as of ["customer", "auditor", "guest", "stranger"] as const) {
          for (const path of paths) {
            for (const more of headers) {
              for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
                const heard = await askAndJudge(target, {
                  method,
                  path,
                  as,
                  headers: [["Content-Type", "application/json"], ...more],
                  body: '{"reason":"x"}',
                });
                expect({ as, method, path, isRefused: heard.status >= 400 }).toEqual({ as, method, path, isRefused: true });
              }
            }
          }
          const batch = { calls: [{ method: "POST", path: `/accounts/${account}/freeze`, body: { reason: "x" } }] };
          const heard = await askAndJudge(target, { method: "POST", path: "/bank/v2/batch", as, body: batch });
          expect(heard.status).toBe(422);
        }
        const status = (dataOf(await target.ask({ method: "GET", path: `/bank/v2/accounts/${account}`, as: "teller" })) as Row)[
          "status"
        ];
        expect(status).toBe("active");
      },
      testMsMax,
    );

    test("SECURITY 6: a key in an address, two keys, half a key: refused, and never shown", async () => {
      const { teller, customer } = target.keys;
      for (const path of [
        `/bank/v2/accounts?api_key=${teller}`,
        `/bank/v2/accounts?access_token=${teller}`,
        `/bank/v2/accounts?x=${teller}`,
        `/bank/v2/accounts?name=${teller}`,
      ]) {
        expect((await askAndJudge(target, { method: "GET", path, as: "teller" })).status).toBe(400);
      }
      const cases: readonly (readonly [Asking["headers"], number])[] = [
        [
          [
            ["Authorization", `Bearer ${teller}`],
            ["X-Api-Key", customer],
          ],
          400,
        ],
        [
          [
            ["Authorization", `Bearer ${teller}`],
            ["Authorization", `Bearer ${customer}`],
          ],
          400,
        ],
        [[["Authorization", `Bearer ${teller.slice(0, -1)}`]], 401],
        [[["Authorization", `Bearer ${teller}x`]], 401],
        [[["Authorization", `Basic ${btoa(`${teller}:`)}`]], 401],
        [[["Authorization", teller]], 401],
        [[["Authorization", `Bearer ${teller.toUpperCase()}`]], 401],
        [[["X-Api-Key", `${teller}, ${teller}`]], 400],
      ];
      for (const [headers, status] of cases) {
        const heard = await askAndJudge(target, {
          method: "GET",
          path: "/bank/v2/accounts?perPage=1",
          ...(headers === undefined ? {} : { headers }),
        });
        expect({ headers, status: heard.status }).toEqual({ headers, status });
      }
    });

    test("nothing was logged as a fault, and the books are right", async () => {
      expect(known.ids.size).toBeGreaterThan(0);
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      await checkBooks(target);
    });
  });
}
