import { expect, test } from "bun:test";
import { formatDeprecation, formatSunset } from "./deprecation.ts";
import { parseItem } from "./structured-fields.ts";

test("writes the dates of RFC 9745 and RFC 8594", () => {
  const at = new Date("2023-06-30T23:59:59.900Z");
  expect(formatDeprecation(at)).toBe("@1688169599");
  expect(parseItem(formatDeprecation(at))?.bare).toEqual({ type: "date", value: 1688169599 });
  expect(formatSunset(new Date("2018-12-31T23:59:59Z"))).toBe("Mon, 31 Dec 2018 23:59:59 GMT");
  expect(() => formatDeprecation(new Date("x"))).toThrow(TypeError);
  expect(() => formatSunset(new Date("x"))).toThrow(TypeError);
});
