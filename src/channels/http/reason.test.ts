/** Reasons in headers: any language, and nothing but text. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { reasonHeader, reasonOf } from "./reason.ts";

const isText = (text: string): boolean => /^[^\p{C}\p{Zl}\p{Zp}]{1,300}$/u.test(text);

describe("reasons", () => {
  test.each(["Ticket 4711", "Молба на клиента", "Anruf – geprüft", "再発行", '%"not a display string', "100 %", "👍"])(
    "%s",
    (reason) => {
      const header = reasonHeader(reason);
      expect(header).toMatch(/^[\x20-\x7e]+$/);
      expect(reasonOf(header)).toBe(reason);
    },
  );

  test.each([
    "",
    "é",
    '%"%0d%0aX: y"',
    '%"%00"',
    '%"%e2%80%ae"',
    '%"%C3%A9"',
    '%"%ff"',
    '%"a";b=1x"',
    "a".repeat(301),
    reasonHeader("я".repeat(301)),
  ])("are refused: %j", (header) => expect(reasonOf(header)).toBeUndefined());

  test("come as they were sent, or not at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (reason) => {
        const header = reasonHeader(reason);
        expect(reasonOf(header)).toBe(isText(reason) ? reason : undefined);
      }),
    );
  });
});
