/** The services that are shipped, which say nothing of MCP themselves: what agents are offered of them. */
import { describe, expect, test } from "bun:test";
import Ajv2020 from "ajv/dist/2020.js";
import bank from "../../services/bank/index.ts";
import delivery from "../../services/delivery/index.ts";
import platform from "../../services/platform/index.ts";
import { versionOf } from "../../src/channels/http/version.ts";
import { catalogueOf } from "../../src/channels/mcp/tool.ts";
import { compile } from "../../src/contract/compile.ts";
import { versionViews } from "../../src/contract/versions.ts";

interface Listed {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: Record<string, unknown>;
  readonly outputSchema: Record<string, unknown>;
}

describe.each([bank, delivery, platform].map((definition) => [definition.name, compile(definition)] as const))(
  "%s",
  (_, contract) => {
    const versions = [...versionViews(contract).keys()].map((name) => catalogueOf(versionOf(contract, name)));

    test("every tool has a name of its own that clients take, words, and schemas of the dialect", () => {
      const ajv = new Ajv2020({ strict: false, validateFormats: false });
      for (const { tools, byName } of versions) {
        expect(tools.length).toBeGreaterThan(10);
        expect(byName.size).toBe(tools.length);
        for (const { text } of tools) {
          const { name, title, description, inputSchema, outputSchema } = JSON.parse(text) as Listed;
          expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
          expect(title.length * description.length).toBeGreaterThan(0);
          for (const schema of [inputSchema, outputSchema]) {
            expect(schema["type"]).toBe("object");
            expect(ajv.validateSchema(schema)).toBe(true);
          }
        }
      }
    });
  },
);

test("the bank's commands that move money ask, and none that only reads", () => {
  const contract = compile(bank);
  const { tools } = catalogueOf(versionOf(contract, contract.version));
  const asking = tools.filter(({ asks }) => asks).map(({ name }) => name);
  expect(asking).toContain("transfers_create");
  expect(asking).toContain("holds_capture");
  expect(tools.filter(({ asks, operation }) => asks && operation.kind === "query")).toEqual([]);
});
