/**
 * Bad input by name: what the caller gets for each kind of it, texts of SQL in every place that takes a text, fields that are not his to write, and
 * line ends where a header is made of what he sent.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { places } from "./address.ts";
import { checkBooks } from "./books.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { askAndJudge, contracts, valueOf } from "./judge.ts";
import { testMsMax } from "./runs.ts";
import { type Asking, startTarget, type Target } from "./target.ts";
import { hostileTexts } from "./value.ts";
import { type Heard, headerOf, Wire } from "./wire.ts";

type Row = Record<string, unknown>;
interface Answer {
  readonly success: boolean;
  readonly data?: unknown;
  readonly error?: { readonly type: string; readonly details?: Row };
  readonly pagination?: { readonly totalRecords: number };
}

const answerOf = (heard: Heard): Answer => valueOf(heard) as Answer;
const json = (text: string): Pick<Asking, "headers" | "body"> => ({
  headers: [["Content-Type", "application/json"]],
  body: text,
});
const nest = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

/** What stands in "Bad input", as it is asked of the bank. */
const lines: readonly {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly status: number;
  readonly type: string;
  readonly names?: string;
}[] = [
  { name: "a body over the limit is 413", body: `{"name":"${"x".repeat(16 * 1024 * 1024)}"}`, status: 413, type: "too_large" },
  { name: "lists in lists are 400", body: nest(100_000, "[", "]"), status: 400, type: "too_deep" },
  {
    name: "objects in objects are 400",
    body: `${'{"a":'.repeat(100_000)}0${"}".repeat(100_000)}`,
    status: 400,
    type: "too_deep",
  },
  { name: "invalid UTF-8 is 400", body: Buffer.from('{"name":"\xe9"}', "latin1"), status: 400, type: "invalid_encoding" },
  { name: "duplicate keys are 400", body: '{"name":"a","country":"DE","name":"b"}', status: 400, type: "duplicate_key" },
  {
    name: "unknown fields are 422",
    body: '{"name":"a","email":"a@example.com","country":"DE","nope":1}',
    status: 422,
    type: "validation_failed",
    names: "nope",
  },
  {
    name: "a text for a number is 422",
    body: '{"name":1,"email":"a@example.com","country":"DE"}',
    status: 422,
    type: "validation_failed",
    names: "name",
  },
  { name: "null for an object is 422", body: "null", status: 422, type: "validation_failed" },
  {
    name: "half a surrogate pair is no text",
    body: '{"name":"\\ud800","email":"a@example.com","country":"DE"}',
    status: 400,
    type: "invalid_encoding",
  },
  {
    name: "NUL is no character of a name",
    body: '{"name":"a\\u0000b","email":"a@example.com","country":"DE"}',
    status: 422,
    type: "validation_failed",
    names: "name",
  },
];

/** Whole numbers, and whether money and an integer take them. */
const numbers: readonly (readonly [written: string, money: boolean, integer: boolean])[] = [
  ["9007199254740991", true, true],
  ["9007199254740992", true, false],
  ["9007199254740993", true, false],
  ["9223372036854775807", true, false],
  ["9223372036854775808", false, false],
  ["-9223372036854775808", true, false],
  ["-9223372036854775809", false, false],
  ["1e400", false, false],
  ["-1e400", false, false],
  ["1.5", false, false],
  ["1e-3", false, false],
  ["1.0", true, true],
  ["1e2", true, true],
  ["123456789012345678901234567890", false, false],
  ['"9223372036854775808"', false, false],
  ['"9007199254740993"', true, false],
  ['"1,00"', false, false],
  ['"1_000"', false, false],
  ['"0x10"', false, false],
  ['"１２"', false, false],
  ['"١٢"', false, false],
  ['" 1"', false, false],
  ['"+1"', false, false],
  ['"1e3"', false, false],
  ['"NaN"', false, false],
  ['"Infinity"', false, false],
  ["true", false, false],
  ["[1]", false, false],
  ["{}", false, false],
];

/** Texts that a name may be, as it is sent and kept. */
const storable = hostileTexts.filter(
  (text) =>
    text.isWellFormed() &&
    text.trim() === text &&
    text.length > 0 &&
    [...text].length <= 255 &&
    !/[\p{Cc}\u2028\u2029]/u.test(text),
);

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let target: Target;
    let known: Harvest;
    let count = 0;
    beforeAll(async () => {
      target = await startTarget(await create());
      known = await harvest(target);
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    const ask = (method: string, path: string, more: Partial<Asking> = {}): Promise<Heard> =>
      askAndJudge(target, { method, path, as: path.startsWith("/bank") ? "teller" : "clerk", ...more });
    const idOf = (resource: string, at = 0): string => known.ids.get(resource)?.[at] ?? "";
    const totalOf = async (path: string): Promise<number> => answerOf(await ask("GET", path)).pagination?.totalRecords ?? -1;
    const email = () => `bad.${engine}.${++count}@example.com`;

    test.each(lines.map((line) => [line.name, line] as const))("%s", async (_, { body, status, type, names }) => {
      const heard = await ask("POST", "/bank/v2/customers", { headers: [["Content-Type", "application/json"]], body });
      const answer = answerOf(heard);
      expect({ status: heard.status, type: answer.error?.type }).toEqual({ status, type });
      if (names !== undefined) expect(Object.keys(answer.data as Row)).toEqual([names]);
    });

    test("SECURITY 35: integers beyond their type are 422, all others keep every digit", async () => {
      for (const [written, isMoney, isInteger] of numbers) {
        for (const [field, isTaken] of [
          ["cents", isMoney],
          ["whole", isInteger],
        ] as const) {
          const heard = await ask("PATCH", `/kinds/v1/things/${idOf("kinds.things")}`, json(`{"${field}":${written}}`));
          // What no number can hold is no JSON number either (SECURITY.md 35).
          const status = isTaken ? 200 : written.includes("e400") ? 400 : 422;
          expect({ written, field, status: heard.status }).toEqual({ written, field, status });
          if (status === 400) expect(answerOf(heard).error?.type).toBe("invalid_body");
          else if (!isTaken) expect(Object.keys(answerOf(heard).data as Row)).toEqual([field]);
          else
            expect(BigInt(String((answerOf(heard).data as Row)[field]))).toBe(
              BigInt(Number.isSafeInteger(Number(written)) ? Number(written) : written.replaceAll('"', "")),
            );
        }
      }
    });

    test("SECURITY 35: an amount of a transfer is a positive whole number, or there is no transfer", async () => {
      const before = await totalOf("/bank/v2/transfers?perPage=1");
      const house = answerOf(await ask("GET", "/bank/v2/accounts?kind=house&currency=EUR&perPage=1")).data as Row[];
      const other = answerOf(await ask("GET", "/bank/v2/accounts?kind=customer&status=active&currency=EUR&perPage=1"))
        .data as Row[];
      for (const written of [
        "0",
        "-1",
        "1.5",
        "1e400",
        "-0",
        "null",
        '"1,00"',
        "9223372036854775808",
        "0.30000000000000004",
        "[]",
      ]) {
        const heard = await ask(
          "POST",
          "/bank/v2/transfers",
          json(
            `{"debit":"${String(house[0]?.["id"])}","credit":"${String(other[0]?.["id"])}","currency":"EUR","amount":${written}}`,
          ),
        );
        expect({ written, isRefused: [400, 422].includes(heard.status) }).toEqual({ written, isRefused: true });
      }
      expect(await totalOf("/bank/v2/transfers?perPage=1")).toBe(before);
    });

    test(
      "SQL as a text is a text: kept as it was sent, and found by itself only",
      async () => {
        expect(storable.length).toBeGreaterThan(50);
        const made: string[] = [];
        for (const name of storable) {
          const heard = await ask("POST", "/bank/v2/customers", {
            body: { name, email: email(), country: "DE", language: "hu", kind: "company" },
          });
          expect({ name, status: heard.status }).toEqual({ name, status: 201 });
          const row = answerOf(heard).data as Row;
          expect(row["name"]).toBe(name);
          made.push(String(row["id"]));
        }
        for (const [index, name] of storable.entries()) {
          for (const operator of ["name=", "name[eq]="]) {
            const heard = await ask(
              "GET",
              `/bank/v2/customers?language=hu&${operator}${encodeURIComponent(name)}&fields=id,name&perPage=100`.replace(
                "language=hu",
                "language[eq]=hu",
              ),
            );
            const rows = answerOf(heard).data as Row[];
            expect({ name, found: rows.map((row) => row["id"]) }).toEqual({ name, found: [made[index]] });
          }
          const heard = await ask("GET", `/bank/v2/customers?language[eq]=hu&name^=${encodeURIComponent(name)}&perPage=100`);
          const expected = storable.filter((other) => other.toLowerCase().startsWith(name.toLowerCase()));
          const found = (answerOf(heard).data as Row[]).map((row) => row["name"] as string);
          expect({ name, misses: storable.includes(name) && !found.includes(name) }).toEqual({ name, misses: false });
          // A wildcard of LIKE stands for itself: nothing is found that does not begin so.
          if (/^[\x20-\x7e]+$/.test(name))
            expect({ name, found: found.toSorted() }).toEqual({ name, found: expected.toSorted() });
        }
      },
      testMsMax,
    );

    test(
      "SECURITY 40: SQL in every other place that takes a text changes nothing and shows nothing",
      async () => {
        const before = await totalOf("/bank/v2/customers?perPage=1");
        const account = idOf("bank.accounts");
        const texts = hostileTexts.filter((text) => /['"\\;`]|select|--|\|\||=|%|_/i.test(text));
        for (const text of texts) {
          const value = encodeURIComponent(text.toWellFormed());
          const header = text.replace(/[^\x20-\x7e]/g, "?");
          const asked: Asking[] = [
            ...["status", "id", "customer", "balance", "createdAt", "customer.country"].map((field) => ({
              method: "GET",
              path: `/bank/v2/accounts?${field}=${value}`,
            })),
            { method: "GET", path: `/bank/v2/accounts?${value}=1` },
            { method: "GET", path: `/bank/v2/accounts?name[${value}]=1` },
            { method: "GET", path: `/bank/v2/accounts?sortBy=${value}` },
            { method: "GET", path: `/bank/v2/accounts?sortBy=name.${value}` },
            { method: "GET", path: `/bank/v2/accounts?fields=${value}` },
            { method: "GET", path: `/bank/v2/accounts?include=${value}` },
            { method: "GET", path: `/bank/v2/accounts?include=transfers(sortBy:${value})` },
            { method: "GET", path: `/bank/v2/accounts?filters=${value}` },
            { method: "GET", path: `/bank/v2/accounts?filters=openIn(currency:${value})` },
            { method: "GET", path: `/bank/v2/accounts?filters=largerThan(amount:${value})` },
            { method: "GET", path: `/bank/v2/accounts?cursor=${value}` },
            { method: "GET", path: `/bank/v2/accounts?page=${value}` },
            { method: "GET", path: `/bank/v2/accounts?perPage=${value}` },
            { method: "GET", path: `/bank/v2/accounts/${value}` },
            { method: "GET", path: `/bank/v2/accounts/${account}/${value}` },
            { method: "GET", path: `/bank/v2/accounts/stats/${value}` },
            { method: "GET", path: `/bank/v2/accounts/stats/byCurrency?currency=${value}` },
            { method: "GET", path: `/bank/v2/${value}` },
            { method: "GET", path: `/bank/v2/jobs/${value}` },
            { method: "QUERY", path: "/bank/v2/accounts", body: { name: text, [text]: text } },
            { method: "QUERY", path: "/bank/v2/accounts", body: { filters: [{ name: text, params: { [text]: text } }] } },
            { method: "POST", path: "/bank/v2/accounts", body: { customer: text, name: text, currency: text } },
            {
              method: "POST",
              path: "/bank/v2/transfers",
              body: { id: text, debit: text, credit: text, amount: text, currency: text, reference: text },
            },
            {
              method: "POST",
              path: "/bank/v2/batch",
              body: { calls: [{ id: "a", path: `/accounts?name=${value}` }, { path: `/accounts/${text}` }] },
            },
            {
              method: "POST",
              path: "/bank/v2/quoteFee",
              body: { amount: 1, currency: "EUR" },
              headers: [
                ["Idempotency-Key", JSON.stringify(header)],
                ["X-Request-Id", header],
                ["If-Match", JSON.stringify(header)],
                ["Accept-Language", header],
              ],
            },
          ];
          for (const one of asked) {
            const heard = await askAndJudge(target, { as: "teller", ...one });
            const isQuestion =
              one.method === "GET" || one.method === "QUERY" || one.path.endsWith("/batch") || one.path.endsWith("/quoteFee");
            if (!isQuestion) expect({ ...one, status: heard.status >= 400 }).toEqual({ ...one, status: true });
          }
        }
        expect(await totalOf("/bank/v2/customers?perPage=1")).toBe(before);
      },
      testMsMax,
    );

    test(
      "SECURITY 26: no field that an operation does not take is written, on create and on change, in any form",
      async () => {
        for (const { contract, address } of places) {
          const { operation, use } = address;
          const resource = operation?.resource;
          if (
            operation === undefined ||
            resource === undefined ||
            !["create", "change"].includes(use) ||
            address.parent !== undefined ||
            operation.target === "singleton"
          )
            continue;
          const root = `/${contract.service}/${contract.version}`;
          const id = idOf(`${contract.service}.${resource.name}`, 1) || idOf(`${contract.service}.${resource.name}`);
          // Of some resources the demo bank has no row to change.
          if (use === "change" && id === "") continue;
          const path = `${root}${address.path.replace("{id}", id)}`;
          const read = async (): Promise<unknown> => (use === "create" ? undefined : answerOf(await ask("GET", path)).data);
          const before = await read();
          // Rules and limits are the supervisors' to write.
          const as = operation.roles.has("supervisor") && !operation.roles.has("teller") ? { as: "supervisor" as const } : {};
          const closed = [
            ...resource.fieldNames.filter((name) => !(name in operation.input)),
            "realm",
            "tenant",
            "environment",
            "_id",
            "__proto__",
            "constructor",
            "isAdmin",
          ];
          for (const name of closed) {
            const value =
              name === "id"
                ? `${resource.prefix}_00000000000000000000000000`
                : name.endsWith("At")
                  ? "2020-01-01T00:00:00Z"
                  : 987_654;
            const object = `{${JSON.stringify(name)}:${JSON.stringify(value)}}`;
            const sent: Pick<Asking, "headers" | "body">[] = [json(object)];
            if (address.method === "PATCH") {
              sent.push({ headers: [["Content-Type", "application/merge-patch+json"]], body: object });
              for (const op of ["add", "replace"])
                sent.push({
                  headers: [["Content-Type", "application/json-patch+json"]],
                  body: JSON.stringify([{ op, path: `/${name}`, value }]),
                });
            }
            if (/^[a-z]\w*$/i.test(name))
              sent.push(
                { headers: [["Content-Type", "application/xml"]], body: `<request><${name}>${value}</${name}></request>` },
                { headers: [["Content-Type", "application/yaml"]], body: `${name}: ${JSON.stringify(value)}\n` },
              );
            for (const one of sent) {
              const heard = await ask(address.method, path, { ...one, ...as });
              const shown = { operation: operation.name, name, one, status: heard.status };
              expect({ ...shown, isRefused: [400, 409, 422].includes(heard.status) }).toEqual({ ...shown, isRefused: true });
            }
          }
          expect(await read()).toEqual(before);
        }
      },
      testMsMax,
    );

    test("SECURITY 46: a line end in what is sent is never a line end in a header", async () => {
      for (const path of [
        "/bank/v2/accounts/a%0d%0aX-Injected:%201",
        "/bank/v2/accounts?name=%0d%0aX-Injected:%201",
        "/%0d%0aX-Injected:1",
        "/bank/v2/accounts?perPage=1&x%0d%0aX-Injected:1=2",
        "/bank/v2/accounts?language=de%0d%0aX-Injected:1",
        "/bank/v2/accounts?cursor=%0d%0aX-Injected:1",
        "/bank/v2/accounts/stats/%E5%98%8A%E5%98%8DX-Injected:1",
        "/de%0d%0aX-Injected:1/bank/v2/accounts",
      ]) {
        const heard = await ask("GET", path, { as: "teller" });
        expect(headerOf(heard, "x-injected")).toBeUndefined();
      }
      for (const name of [
        "X-Request-Id",
        "traceparent",
        "Idempotency-Key",
        "Accept-Language",
        "Prefer",
        "Accept",
        "If-None-Match",
        "Origin",
      ]) {
        for (const ending of [
          "\r\n\tX-Injected: 1",
          "\rX-Injected: 1",
          "\0X-Injected: 1",
          "\u0085X-Injected: 1",
          "%0d%0aX-Injected: 1",
        ]) {
          const wire = await Wire.open(target.port);
          wire.send(
            `GET /bank/v2/accounts?perPage=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${target.keys.teller}\r\n${name}: a${ending}\r\n\r\n`,
          );
          const heard = await wire.hear({ method: "GET", withinMs: 2_000 });
          wire.close();
          if (heard === "silent") throw new Error(`${name} ${JSON.stringify(ending)}: no answer`);
          if (heard !== "closed") expect(headerOf(heard, "x-injected")).toBeUndefined();
        }
      }
    });

    test("SECURITY 26, 50: what is sent as __proto__ and constructor changes no object of the server", async () => {
      const bodies = [
        '{"__proto__":{"polluted":true}}',
        '{"constructor":{"prototype":{"polluted":true}}}',
        '{"free":{"__proto__":{"polluted":true}}}',
        '{"free":{"constructor":{"prototype":{"polluted":true}}}}',
        '{"box":{"__proto__":{"width":1}}}',
      ];
      for (const body of bodies) {
        for (const type of ["application/json", "application/merge-patch+json", "application/yaml"])
          await ask("PATCH", `/kinds/v1/things/${idOf("kinds.things")}`, { headers: [["Content-Type", type]], body });
        await ask(
          "POST",
          "/kinds/v1/echo",
          json(`{"line":"x","cents":1,"exact":"1","day":"2025-01-01","moment":"2025-01-01T00:00:00Z",${body.slice(1)}`),
        );
      }
      const patch = [
        { op: "add", path: "/__proto__/polluted", value: true },
        { op: "add", path: "/constructor/prototype/polluted", value: true },
        { op: "add", path: "/free/__proto__", value: { polluted: true } },
      ];
      for (const one of patch)
        await ask("PATCH", `/kinds/v1/things/${idOf("kinds.things")}`, {
          headers: [["Content-Type", "application/json-patch+json"]],
          body: JSON.stringify([one]),
        });
      const heard = await ask("GET", `/kinds/v1/things/${idOf("kinds.things", 1)}`);
      expect(Buffer.from(heard.body).toString()).not.toContain("polluted");
      expect([...contracts.keys()]).toEqual(["bank", "shop", "kinds"]);
    });

    test("nothing was logged as a fault, and the books are right", async () => {
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      await checkBooks(target);
    });
  });
}
