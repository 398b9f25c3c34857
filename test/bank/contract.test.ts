/** What the bank promises on paper: messages in every language, refusals with one meaning, and the older version. */
import { describe, expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import { compile } from "../../src/contract/index.ts";
import { checkVersions, versionView } from "../../src/contract/versions.ts";

const contract = compile(bank);
const languages = ["bg", "de", "es", "fr", "hu", "ru"];

describe("messages", () => {
  const own = [...contract.operations.values()].flatMap(({ refusals }) => Object.keys(refusals));
  const shown = [...contract.resources.values()].filter(({ rows }) => Object.keys(rows).length > 0);
  const fields = shown.flatMap(({ name, fieldNames }) =>
    fieldNames.filter((field) => field !== "id").map((field) => `field.${name}.${field}`),
  );
  /** Inputs of functions that are no field of their resource. */
  const inputs = [...contract.operations.values()].flatMap(({ resource, input, function: fn }) =>
    resource === undefined || fn === undefined ? [] : Object.keys(input).map((field) => `field.${resource.name}.${field}`),
  );
  const wanted = [...new Set(own.map((type) => `error.${type}`)), ...fields];

  test("there are languages beside English", () => {
    expect(Object.keys(bank.messages).toSorted()).toEqual(languages);
  });

  test.each(languages)("%s has every refusal and every field", (language) => {
    const said = bank.messages[language] ?? {};
    expect(wanted.filter((key) => !said[key]?.trim())).toEqual([]);
  });

  test.each(languages)("%s says nothing that nobody asks for", (language) => {
    const known = new Set([...wanted, ...inputs]);
    expect(Object.keys(bank.messages[language] ?? {}).filter((key) => !known.has(key))).toEqual([]);
  });

  test.each(languages)("%s: sentences end, names do not", (language) => {
    for (const [key, text] of Object.entries(bank.messages[language] ?? {}))
      expect([key, text.endsWith(".")]).toEqual([key, key.startsWith("error.")]);
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
  const closed = [
    "balance",
    "debitsPosted",
    "creditsPosted",
    "debitsPending",
    "creditsPending",
    "status",
    "iban",
    "version",
    "seq",
    "debitBalance",
    "createdAt",
  ];
  for (const { name, kind, input } of contract.operations.values()) {
    if (kind === "command") expect([name, closed.filter((field) => field in input)]).toEqual([name, []]);
  }
});

describe("v1", () => {
  test("fits the newest version", () => {
    expect(checkVersions(contract)).toEqual([]);
  });

  test("is announced as going, in order", () => {
    const [v1] = contract.older;
    expect(v1?.name).toBe("v1");
    expect(String(v1?.deprecated) < String(v1?.sunset)).toBe(true);
    expect(v1?.guide).toStartWith("/");
  });

  const view = versionView(contract, "v1");

  test("has a title, no cap, and a decimal balance", () => {
    const fields = view.contract.resources.get("accounts")?.fields ?? {};
    expect(Object.keys(fields)).toContain("title");
    expect(Object.keys(fields)).not.toContain("name");
    expect(Object.keys(fields)).not.toContain("maxBalance");
    expect(fields["balance"]?.kind).toBe("decimal");
  });

  const operation = (name: string) => {
    const found = contract.operations.get(name);
    if (found === undefined) throw new Error(`no operation ${name}`);
    return found;
  };

  test("what its clients send is understood", () => {
    const opened = { customer: "cus_01JD3Q8Z5T7N9V1X3B5D7F9H1K", currency: "EUR" };
    expect(view.upBody(operation("accounts.create"), { ...opened, title: "Savings" }, false)).toMatchObject({
      ok: true,
      value: { ...opened, name: "Savings" },
    });
    expect(view.upBody(operation("accounts.update"), { title: "Boat" }, false)).toEqual({ ok: true, value: { name: "Boat" } });
  });

  const balances: [string, number | string, string][] = [
    ["EUR", 0, "0.00"],
    ["EUR", -5, "-0.05"],
    ["GBP", 123_456, "1234.56"],
    ["JPY", 123_456, "123456"],
    ["USD", "9007199254740993", "90071992547409.93"],
  ];
  test.each(balances)("%s %s minor units are shown as %s", (currency, balance, shown) => {
    const row = { id: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K", name: "Savings", currency, balance, maxBalance: null };
    expect(view.downData(operation("accounts.get"), row)).toEqual({ id: row.id, title: "Savings", currency, balance: shown });
  });
});
