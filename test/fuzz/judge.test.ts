/** The judge sees what is wrong: without this, a fuzzer that finds nothing says nothing. */
import { expect, test } from "bun:test";
import { Flaw, judge } from "./judge.ts";
import { answerMsMax } from "./target.ts";
import type { Heard } from "./wire.ts";

const headers: Heard["headers"] = [
  ["content-type", "application/json"],
  ["x-content-type-options", "nosniff"],
  ["x-request-id", "r-1"],
];
const answer = (status: number, body: string | object, more: Partial<Heard> = {}): Heard => ({
  status,
  headers,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  ms: 1,
  ...more,
});
const refusal = (status: number, error: object = {}, more: object = {}): Heard =>
  answer(status, {
    success: false,
    error: { code: status, type: "validation_failed", message: "Validation failed", requestId: "r-1", ...error },
    ...more,
  });
const without = (name: string): Heard["headers"] => headers.filter(([other]) => other !== name);
const withType = (type: string): Partial<Heard> => ({ headers: [["content-type", type], ...without("content-type")] });

const flawed: readonly (readonly [what: string, heard: Heard])[] = [
  ["500", refusal(500, { type: "internal" })],
  ["503", refusal(503, { type: "overloaded" })],
  ["a status that no one documented", answer(418, { success: false })],
  ["too slow", answer(200, { success: true, data: 1 }, { ms: answerMsMax + 1 })],
  ["no request id", answer(200, { success: true, data: 1 }, { headers: without("x-request-id") })],
  ["two request ids", answer(200, { success: true, data: 1 }, { headers: [...headers, ["x-request-id", "r-2"]] })],
  ["no nosniff", answer(200, { success: true, data: 1 }, { headers: without("x-content-type-options") })],
  ["no Content-Type", answer(200, { success: true, data: 1 }, { headers: without("content-type") })],
  ["no JSON", answer(200, "<html>")],
  ["JSON of invalid UTF-8", answer(200, "", { body: Buffer.from('{"success":true,"data":"\xff"}', "latin1") })],
  ["no envelope", answer(200, [1])],
  ["success that is none", refusal(200)],
  ["refusal that says success", answer(422, { success: true, data: 1 })],
  ["an envelope without data", answer(200, { success: true })],
  ["another code than the status", refusal(422, { code: 400 })],
  ["an unknown type", refusal(422, { type: "nope" })],
  ["a type of another status", refusal(422, { type: "not_found" })],
  ["no message", refusal(422, { message: "" })],
  ["a message that was not filled in", refusal(422, { message: "At most {max}." })],
  ["another request id than the header", refusal(422, { requestId: "r-2" })],
  ["data of a refusal without sentences", refusal(422, {}, { data: { name: [] } })],
  ["405 without Allow", refusal(405, { type: "method_not_allowed" })],
  ["401 without WWW-Authenticate", refusal(401, { type: "unauthenticated" })],
  [
    "a batch whose verdicts say 500",
    answer(207, {
      success: true,
      data: [{ success: false, status: 500, error: { code: 500, type: "internal", message: "x", requestId: "r" } }],
    }),
  ],
  ["a batch without verdicts", answer(207, { success: true, data: {} })],
  ["a problem that is none", answer(422, { title: "x" }, withType("application/problem+json"))],
  ["XML that is none", answer(200, "hello", withType("application/xml"))],
  ["YAML that is none", answer(200, "a: [", withType("application/yaml"))],
  ["MessagePack that is none", answer(200, "\x81", withType("application/msgpack"))],
  ["NDJSON that is none", answer(200, '{"a":1}\n{', withType("application/x-ndjson"))],
  ["gzip that is none", answer(200, { success: true, data: 1 }, { headers: [...headers, ["content-encoding", "gzip"]] })],
  ...[
    "    at handle (/srv/app/src/rest.ts:10:5)",
    "TypeError: undefined is not an object",
    "UNIQUE constraint failed: x.y",
    'relation "x" does not exist',
    "no such column: x",
    "SQLITE_BUSY",
    "select * from bank_transfers",
    "pons_journal",
    "[object Object]",
    "pons_sandbox_secret",
  ].map((leak): readonly [string, Heard] => [`a leak: ${leak}`, refusal(422, { message: leak })]),
];

test.each(flawed)("%s", (_, heard) => {
  expect(() => judge(heard, ["pons_sandbox_secret"])).toThrow(Flaw);
});

test("sound answers pass", () => {
  const sound: readonly Heard[] = [
    answer(200, { success: true, data: { id: "acc_1" } }),
    answer(204, ""),
    refusal(422, {}, { data: { name: ["This field is required."] } }),
    answer(
      422,
      { type: "/problems/validation_failed", title: "x", status: 422, requestId: "r-1" },
      withType("application/problem+json"),
    ),
    answer(207, {
      success: true,
      data: [
        { success: true, status: 201, data: {} },
        { success: false, status: 404, error: { code: 404, type: "not_found", message: "Not found.", requestId: "r-1" } },
      ],
    }),
  ];
  for (const heard of sound) judge(heard, ["pons_sandbox_secret"]);
});
