/** Pages that tell of versions, by the day. */
import { expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import { compile } from "../contract/index.ts";
import { frontPage } from "./front-page.ts";
import { versionPage } from "./version-page.ts";

const contract = compile(bank);
const date = contract.older[0]?.deprecated ?? "";

test.each([
  ["the day before", -1, false],
  ["from the day on", 0, true],
])("a version is called deprecated once its date has come: %s", async (_, shiftMs, isDeprecated) => {
  const now = () => Date.parse(date) + shiftMs;
  const [name = ""] = contract.older.map((older) => older.name);
  const path = `/bank/${name}`;
  for (const [handler, asked] of [
    [frontPage([contract], now), "/"],
    [versionPage(contract, name, now), path],
  ] as const) {
    const ask = async (accept: string) =>
      (await handler(new Request(`http://localhost${asked}`, { headers: { accept } }))).text();
    expect((await ask("application/json")).includes('"deprecated":true')).toBe(isDeprecated);
    expect((await ask("text/html")).includes("(deprecated)")).toBe(isDeprecated);
  }
});
