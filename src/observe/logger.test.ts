import { describe, expect, test } from "bun:test";
import { createLogger, type Level } from "./logger.ts";

const clock = (): number => Date.UTC(2026, 2, 1, 12);

/** What is written. */
const logged = (
  write: (logger: ReturnType<typeof createLogger>) => void,
  options: { level?: Level; text?: boolean } = {},
): string => {
  let out = "";
  write(createLogger({ level: "debug", text: false, clock, ...options, write: (line) => void (out += line) }));
  return out;
};

const fields = (more: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(logged((logger) => logger.info("x", more))) as Record<string, unknown>;

test("one JSON line per event", () => {
  expect(logged((logger) => logger.info("call", { requestId: "r1", operation: "bank.accounts.get", status: 200, ms: 1.5 }))).toBe(
    '{"time":"2026-03-01T12:00:00.000Z","level":"info","event":"call","requestId":"r1","operation":"bank.accounts.get","status":200,"ms":1.5}\n',
  );
});

test("short text for a terminal", () => {
  expect(logged((logger) => logger.warn("slow", { ms: 12, path: "/a b" }), { text: true })).toBe(
    '12:00:00.000 warn  slow ms=12 path="/a b"\n',
  );
});

const levels: [Level, string][] = [
  ["debug", "debug,info,warn,error"],
  ["info", "info,warn,error"],
  ["warn", "warn,error"],
  ["error", "error"],
  ["silent", ""],
];
test.each(levels)("at %s: %s", (level, expected) => {
  const out = logged(
    (logger) => {
      for (const own of ["debug", "info", "warn", "error"] as const) {
        expect(logger.isOn(own)).toBe(expected.includes(own));
        logger[own]("x");
      }
    },
    { level },
  );
  const written = out
    .split("\n")
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { level: string }).level);
  expect(written.join(",")).toBe(expected);
});

describe("what a caller sends cannot forge a line", () => {
  const nasty = 'a\r\n{"level":"error","event":"forged"}\u001b[31m\u2028\u0085\u0000"';

  test("as JSON", () => {
    const out = logged((logger) => logger.info("call", { [nasty]: nasty, list: [nasty] }));
    expect(out.trimEnd()).not.toMatch(/[\r\n\u001b\u2028\u0085\u0000]/);
    expect(out.split("\n")).toHaveLength(2);
    expect((JSON.parse(out) as { list: string[] }).list).toEqual([nasty]);
  });

  test("as text", () => {
    const out = logged((logger) => logger.info("call", { [nasty]: nasty, list: [nasty] }), { text: true });
    expect(out.trimEnd()).not.toMatch(/[\r\n\u001b\u2028\u0085\u0000]/);
  });
});

test.each([
  ["a key", { note: "sent pons_live_0123456789abcdefABCDEF0123456789abcdef" }, { note: "sent pons_live_(hidden)" }],
  ["a password in an address", { url: "postgres://ann:hush@host/db" }, { url: "postgres://ann:(hidden)@host/db" }],
  [
    "fields named like secrets",
    { authorization: "Bearer x", apiKey: "x", password: "x", sessionCookie: "x", client_secret: "x", key: "x", monkey: "x" },
    {
      authorization: "(hidden)",
      apiKey: "(hidden)",
      password: "(hidden)",
      sessionCookie: "(hidden)",
      client_secret: "(hidden)",
      key: "(hidden)",
      monkey: "x",
    },
  ],
  ["deep inside", { a: { b: [{ token: "x" }] } }, { a: { b: [{ token: "(hidden)" }] } }],
  ["in a map of headers", { headers: { "x-api-key": "x" } }, { headers: { "x-api-key": "(hidden)" } }],
])("%s is not written", (_, given, expected) => {
  expect(fields(given)).toMatchObject(expected);
});

describe("errors", () => {
  const cause = new Error("connection of pons_live_0123456789abcdefABCDEF0123456789abcdef broke");
  const error = Object.assign(new TypeError("it failed", { cause }), { code: "E_FAIL" });

  test("with stack, code and cause", () => {
    const { error: found } = fields({ error }) as { error: { stack: string; cause: { message: string } } };
    expect(found).toMatchObject({ name: "TypeError", message: "it failed", code: "E_FAIL" });
    expect(found.stack).toContain("logger.test.ts");
    expect(found.cause.message).toBe("connection of pons_live_(hidden) broke");
  });

  test("as text, a line per frame", () => {
    const out = logged((logger) => logger.error("call_failed", { requestId: "r1", error }), { text: true });
    expect(out).toStartWith("12:00:00.000 error call_failed requestId=r1\n    TypeError: it failed\n        at ");
  });
});

test("nothing stops it: circles, depth, getters that throw, bigint, long strings", () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const thrower = {
    get x(): never {
      throw new Error("no");
    },
  };
  expect(logged((logger) => logger.info("x", { circle }))).toContain("…");
  expect(logged((logger) => logger.info("x", { thrower }))).toBe("");
  expect(fields({ big: 2n ** 63n, nothing: undefined, fn: () => 1 })).toMatchObject({ big: "9223372036854775808" });
  expect(String(fields({ long: "x".repeat(100_000) })["long"])).toHaveLength(8_193);
  expect((fields({ many: Array.from({ length: 1_000 }, (_, i) => i) })["many"] as unknown[]).length).toBe(50);
});
