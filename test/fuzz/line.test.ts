/**
 * Lines: sound ones with one thing wrong, texts and bytes that are none, in parts of any size. Each line has its one answer, in order, none is a fault of ours, and
 * the connection goes on. What reads them is tried by itself as well, where it can be asked far more often.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { columnOf, readLine } from "../../src/channels/line/grammar.ts";
import { readInput } from "../../src/channels/line/input.ts";
import { lineLimits } from "../../src/channels/line/limits.ts";
import { textOf } from "../../src/channels/line/lines.ts";
import { readRequest } from "../../src/channels/line/request.ts";
import { Titles } from "../../src/channels/line/titles.ts";
import { compile } from "../../src/contract/index.ts";
import { LineClient } from "../line/client.ts";
import { depot } from "../line/depot.ts";
import { type Harbour, openHarbour } from "../line/harbour.ts";
import { bent } from "./message.ts";
import { holds, testMsMax } from "./runs.ts";
import { hostileTexts } from "./value.ts";

const contract = compile(depot);
const all = [...contract.operations.values()].map((operation) => new Titles(operation, depot.line?.operations?.[operation.name]));

const value = fc.oneof(
  fc.constantFrom("", '""', "[]", "{}", "1", "-5", "true", "2026-01-31", "9007199254740993", "box_01JGFJJZ00EPW8EDEWZ21H2WGE"),
  fc.constantFrom(...hostileTexts).map((text) => JSON.stringify(text)),
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ maxLength: 20 }).map((text) => JSON.stringify(text)),
);

const step = fc.constantFrom("Name", "Hall", "Sku", "Amount", "1", "2", "0", "1000", "99999999", "Constructor", "x");
const operator = fc.constantFrom("", "", "", ">=", "<=", "!=", "~=", "^=", "<", ">", "?");
const title = fc.oneof(
  fc.constantFrom(
    "Id",
    "Box",
    "Name",
    "Weight",
    "Price",
    "Tags",
    "Place",
    "Parts",
    "Extra",
    "Seal",
    "Inside",
    "Row",
    "Grams",
    "Edition",
  ),
  fc
    .tuple(fc.constantFrom("Place", "Parts", "Tags", "Inside", "Extra"), fc.array(step, { minLength: 1, maxLength: 4 }))
    .map(([first, rest]) => [first, ...rest].join(".")),
  fc.constantFrom(
    "@Tag",
    "@Page",
    "@PerPage",
    "@Cursor",
    "@Count",
    "@SortBy",
    "@Fields",
    "@Include",
    "@Filters",
    "@Parent",
    "@IdempotencyKey",
    "@IfMatch",
    "@Language",
    "@RequestId",
    "@Tenant",
    "@ActFor",
    "@Reason",
    "@Service",
    "@Version",
    "@TraceParent",
    "@Nope",
  ),
  fc.string({ maxLength: 8 }),
);

const pair = fc.tuple(title, operator, value).map(([name, op, text]) => `${name}${op}:${text}`);

const first = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...contract.operations.keys()).map((name) => `Operation:${name}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("Operation:SHOW", "Operation:weigh", "Operation:", "Ping:", "Use:", "Operation:constructor"),
  },
  { weight: 1, arbitrary: fc.constantFrom("Key:x", "Login:a,Secret:b", "Token:a.b.c", "Key:") },
  { weight: 1, arbitrary: pair },
);

const line = fc
  .tuple(first, fc.array(pair, { maxLength: 6 }))
  .map((parts) => parts.flat().join(","))
  .chain((whole) => fc.oneof({ weight: 5, arbitrary: fc.constant(whole) }, { weight: 1, arbitrary: bent(whole) }));

describe("what reads lines", () => {
  test(
    "every text is a request, or wrong at a column; every input is read, or refused by fields, in no time",
    async () => {
      const tried = (text: string): void => {
        const read = readLine(text, lineLimits);
        if ("flaw" in read) {
          const column = columnOf(text, read.at);
          return expect([column >= 1, column <= [...text].length + 1]).toEqual([true, true]);
        }
        const request = readRequest(read);
        if ("flaw" in request) return expect(request.flaw).not.toBe("");
        const named = all.filter(({ operation }) => operation.name === request.subject);
        for (const titles of named.length > 0 ? named : all.slice(0, 3)) {
          const input = readInput(titles, request, lineLimits);
          if (!input.ok) expect([400, 422]).toContain(input.refusal.status);
          else if (input.input.body !== undefined) expect(Object.getPrototypeOf(input.input.body)).toBe(Object.prototype);
        }
      };
      await holds(line, { runs: 7_000 }, async (text) => {
        const msOf = (): number => {
          const start = performance.now();
          tried(text);
          return performance.now() - start;
        };
        if (msOf() > 250) expect(msOf()).toBeLessThan(250);
      });
    },
    testMsMax,
  );

  test(
    "all bytes are a text, or wrong at a place of it",
    async () => {
      await holds(fc.uint8Array({ maxLength: 60 }), { runs: 1_000 }, async (bytes) => {
        const { text, ...more } = textOf(bytes);
        if ("flaw" in more) expect([more.at >= 0, more.at <= text.length]).toEqual([true, true]);
        else expect(Buffer.from(text)).toEqual(Buffer.from(bytes));
      });
    },
    testMsMax,
  );
});

describe("the line protocol", () => {
  let harbour: Harbour;
  let key: string;
  beforeAll(async () => {
    // Garbled lines do not end a connection here: it is to be seen that it goes on.
    harbour = await openHarbour({ limits: { garbledMax: 1_000_000, failuresMax: 1_000_000 } });
    key = await harbour.grant("keeper");
  });
  afterAll(async () => {
    expect(harbour.errors.filter((error) => String(error) !== "Error: broken inside")).toEqual([]);
    await harbour[Symbol.asyncDispose]();
  });

  test(
    "each line has its one answer, in order, however it is cut, and the connection goes on",
    async () => {
      let client: LineClient | undefined;
      const sent = fc.tuple(
        fc.array(line, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 3 }),
        fc.constantFrom("\n", "\r\n"),
      );
      await holds(sent, { runs: 800 }, async ([lines, places, end]) => {
        client ??= await LineClient.open(harbour.port);
        const shown = `Key:${key}`;
        // One line each: what ends one within is for the other side to write otherwise. An empty one is none.
        const whole = [shown, ...lines.map((text) => text.replaceAll(/[\r\n]/g, " ")), "Ping:,@Tag:end-of-this"].filter(
          (text) => text !== "",
        );
        const bytes = Buffer.from(whole.map((text) => `${text.toWellFormed()}${end}`).join(""));
        const cuts = [...new Set(places)].filter((place) => place < bytes.length).toSorted((a, b) => a - b);
        for (const [at, from] of [0, ...cuts].entries()) client.send(bytes.subarray(from, cuts[at] ?? bytes.length));
        const told = (answer: string): string => `${whole.join(" ⏎ ").slice(0, 1_500)} → ${answer.slice(0, 300)}`;
        for (const [at, text] of whole.entries()) {
          const { last, text: answer } = await client.answer();
          const type = String(last.first[1]);
          if (/\/src\/|node_modules|broken inside|at Object/.test(answer)) throw new Error(told(answer));
          if (type === "internal" && !text.includes("fail")) throw new Error(told(answer));
          if (at === 0 && type !== "ok") throw new Error(told(answer));
          if (at === whole.length - 1) expect(answer).toBe("Status:ok,@Tag:end-of-this");
        }
      });
      await client?.close();
    },
    testMsMax,
  );
});
