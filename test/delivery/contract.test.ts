/** What the delivery service promises on paper: messages in every language, refusals with one meaning, the description over SOAP. */
import { describe, expect, test } from "bun:test";
import delivery from "../../services/delivery/index.ts";
import { exclusionReasons } from "../../services/delivery/tariffs/index.ts";
import { compile } from "../../src/contract/index.ts";
import { asksToConfirm, toolsOf } from "../../src/contract/mcp.ts";
import type { Fields } from "../../src/define/field.ts";

const contract = compile(delivery);
const languages = ["bg", "de", "es", "fr", "hu", "ru"];
const wanted = [
  ...new Set([
    ...[...contract.operations.values()].flatMap(({ refusals }) => Object.keys(refusals).map((type) => `error.${type}`)),
    ...[...contract.resources.values()]
      .filter(({ rows }) => Object.keys(rows).length > 0)
      .flatMap(({ name, fieldNames }) => fieldNames.filter((field) => field !== "id").map((field) => `field.${name}.${field}`)),
    ...exclusionReasons.map((reason) => `comment.${reason}`),
  ]),
];

/** Paths of the fields within objects: `goods.quantity`. */
const innerPaths = (fields: Fields, at = ""): readonly string[] =>
  Object.entries(fields).flatMap(([name, { fields: own, item }]) => {
    const below = own ?? item?.fields;
    return [...(at === "" ? [] : [`${at}${name}`]), ...(below === undefined ? [] : innerPaths(below, `${at}${name}.`))];
  });
const lastOf = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** What shops send. */
const asked = ["packings.create", "packings.check", "rates.create", "orders.create"].flatMap((name) =>
  innerPaths(contract.operations.get(name)?.input ?? {}),
);
const inner = new Set(
  [...contract.operations.values()].flatMap(({ input }) => [
    ...Object.keys(input),
    ...innerPaths(input).flatMap((path) => [path, lastOf(path)]),
  ]),
);
const ofFields = new Set([...contract.resources.values()].flatMap(({ fieldNames }) => fieldNames));

describe("messages", () => {
  test.each(languages)("%s has every refusal, every field and every comment, and nothing else", (language) => {
    const said = delivery.messages[language] ?? {};
    expect(wanted.filter((key) => !said[key]?.trim())).toEqual([]);
    const isField = (name: string): boolean => ofFields.has(name) || inner.has(name);
    expect(
      Object.keys(said).filter(
        (key) => !wanted.includes(key) && !(key.startsWith("field.") && isField(key.slice("field.".length))),
      ),
    ).toEqual([]);
  });

  test.each(languages)("%s names what stands within objects that shops send", (language) => {
    const said = delivery.messages[language] ?? {};
    expect(asked).toContain("customer.address.index");
    expect(asked.filter((path) => !said[`field.${path}`]?.trim() && !said[`field.${lastOf(path)}`]?.trim())).toEqual([]);
  });

  test.each(languages)("%s: sentences end, names do not; parameters are those of English", (language) => {
    const parameters = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).toSorted();
    for (const [key, text] of Object.entries(delivery.messages[language] ?? {})) {
      expect([key, text.endsWith(".")]).toEqual([key, !key.startsWith("field.")]);
      const english = delivery.messages["en"]?.[key];
      if (english !== undefined) expect([key, parameters(text)]).toEqual([key, parameters(english)]);
    }
  });
});

test("a refusal has the same status wherever it occurs", () => {
  const statuses = new Map<string, Set<number>>();
  for (const { refusals } of contract.operations.values()) {
    for (const [type, { status }] of Object.entries(refusals)) statuses.set(type, (statuses.get(type) ?? new Set()).add(status));
  }
  expect([...statuses].filter(([, found]) => found.size > 1)).toEqual([]);
});

test("what no caller may write is in no input", () => {
  const closed = ["manifest", "trackingNumber", "serial", "createdAt", "orderCount", "expiresAt", "boundAt", "billedAt"];
  for (const { name, kind, input, function: fn } of contract.operations.values()) {
    if (kind === "command" && fn !== undefined) expect([name, closed.filter((field) => field in input)]).toEqual([name, []]);
  }
});

test("agents have what costs something confirmed; a price and the catalogue cost nothing", () => {
  const asking = toolsOf(contract)
    .filter((operation) => asksToConfirm(contract, operation))
    .map(({ name }) => name);
  expect(asking).toEqual(expect.arrayContaining(["orders.create", "orders.cancel", "goods.delete"]));
  for (const name of ["packings.create", "rates.create", "goods.create", "goods.update"]) expect(asking).not.toContain(name);
});
