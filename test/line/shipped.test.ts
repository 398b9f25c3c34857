/** The services that are shipped, which say nothing of lines themselves: every field of every operation has a title of its own, one that the grammar takes. */
import { expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import delivery from "../../services/delivery/index.ts";
import platform from "../../services/platform/index.ts";
import { Spoken } from "../../src/channels/line/services.ts";
import { compile } from "../../src/contract/compile.ts";
import { versionViews } from "../../src/contract/versions.ts";

test.each([bank, delivery, platform].map((definition) => [definition.name, compile(definition)] as const))(
  "%s",
  (_, contract) => {
    for (const version of versionViews(contract).keys()) {
      const spoken = new Spoken(contract, version);
      for (const { name, kind } of contract.operations.values()) {
        const operation = spoken.find(name);
        if (operation === undefined) throw new Error(`${name} is not found by its name`);
        const titles = spoken.titlesOf(operation);
        for (const field of Object.keys(titles.operation.input)) {
          const title = titles.title(field);
          expect(title).toMatch(/^[A-Z][A-Za-z0-9]*$/);
          expect(titles.inInput([title.toLowerCase()])).toEqual({ path: [field], field: titles.operation.input[field] });
          // A field with the title of the row could not be written.
          expect(kind === "command" && titles.isId([title])).toBe(false);
        }
      }
    }
  },
);
