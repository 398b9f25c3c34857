/** The protocol description: whole, the same as the definition, and printable. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { compile } from "../../src/contract/index.ts";
import { protocolHtml, protocolOf } from "../../src/contract/protocol/index.ts";
import { protocolPdf } from "../../src/contract/protocol/pdf.ts";
import { loadServices } from "../../src/host/load-services.ts";
import { pons } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";

const contracts = (await loadServices([])).map(({ definition }) => compile(definition));

test.each(contracts.map((contract) => [contract.service, contract] as const))(
  "%s: every operation, refusal and event stands in it once, in every version",
  (_, contract) => {
    for (const version of [contract.version, ...contract.older.map(({ name }) => name)]) {
      const { blocks } = protocolOf(contract, { version });
      const ids = blocks.flatMap((block) => (block.kind === "heading" ? [block.id] : []));
      expect(new Set(ids).size).toBe(ids.length);
      for (const name of contract.operations.keys()) expect([name, ids.includes(name)]).toEqual([name, true]);
      const text = JSON.stringify(blocks);
      for (const { name, events } of contract.resources.values())
        for (const event of Object.keys(events)) expect([event, text.includes(`\`${name}.${event}\``)]).toEqual([event, true]);
      for (const { refusals } of contract.operations.values())
        for (const type of Object.keys(refusals)) expect([type, text.includes(`\`${type}\``)]).toEqual([type, true]);
    }
  },
);

test("an older version's words", () => {
  const bank = contracts.find(({ service }) => service === "bank");
  if (bank === undefined) throw new Error("there is no bank");
  const page = protocolHtml(protocolOf(bank, { version: "v1", origin: "https://bank.example.com" }));
  expect(page).toContain("Version v1");
  expect(page).toContain("deprecated since");
  expect(page).toContain("https://bank.example.com/bank/v1/openapi.json");
  expect(page).toContain("<code>title</code>");
});

test("examples of what is done to one row name it; bounds are in words, long numbers in groups", () => {
  const delivery = contracts.find(({ service }) => service === "delivery");
  if (delivery === undefined) throw new Error("there is no delivery");
  const page = protocolHtml(protocolOf(delivery));
  expect(page).toContain("PATCH /delivery/v1/goods/{id} HTTP/1.1");
  expect(page).toContain("DELETE /delivery/v1/goods/{id} HTTP/1.1");
  expect(page).toContain("POST /delivery/v1/goods HTTP/1.1");
  expect(page).not.toMatch(/(?:PATCH|PUT|DELETE) \/delivery\/v1\/\w+ HTTP/);
  expect(page).toContain("text, one line, 1 to 60 characters");
  expect(page).toContain("text, one line, up to 20 characters");
  expect(page).toContain("whole number, at least 1, at most 100,000");
});

test("the page loads nothing and runs nothing", () => {
  for (const contract of contracts) {
    const page = protocolHtml(protocolOf(contract));
    expect(page).not.toMatch(/<script|<link|src=|url\(|@import/);
    expect(page.match(/<h[1-4][ >]/g)?.length).toBeGreaterThan(10);
    for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${id}"`);
  }
});

test("the PDF: pages, an outline, embedded fonts, the same bytes each time", async () => {
  const [contract] = contracts;
  if (contract === undefined) throw new Error("there is no service");
  const bytes = await protocolPdf(protocolOf(contract));
  const text = Buffer.from(bytes).toString("latin1");
  expect(text.startsWith("%PDF-1.")).toBe(true);
  expect(text.trimEnd().endsWith("%%EOF")).toBe(true);
  expect(Number(/\/Count (\d+)/.exec(text.slice(text.indexOf("/Type /Pages") - 200))?.[1])).toBeGreaterThan(5);
  expect(text).toContain("/FontFile2");
  expect(text).toContain("/Outlines ");
  expect(Buffer.from(await protocolPdf(protocolOf(contract))).equals(bytes)).toBe(true);
});

test("pons contract protocol writes it", async () => {
  using folder = new TemporaryFolder();
  for (const [file, begin] of [
    ["bank.pdf", "%PDF-"],
    ["bank.html", "<!doctype html>"],
  ] as const) {
    const { code } = await pons(["contract", "protocol", "bank", "--out", join(folder.path, file)], {});
    expect(code).toBe(0);
    expect((await Bun.file(join(folder.path, file)).text()).slice(0, begin.length)).toBe(begin);
  }
  const wrong = await pons(["contract", "protocol", "bank", "--out", join(folder.path, "bank.doc")], {});
  expect([wrong.code, wrong.err.includes(".pdf or .html")]).toEqual([64, true]);
});
