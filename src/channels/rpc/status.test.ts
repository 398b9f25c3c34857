/** Refusals as statuses: the code of each, and details that Google's own messages read. */
import { describe, expect, test } from "bun:test";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { invalid, type Refusal, refusalTypes, refuse } from "../../pipeline/refusal.ts";
import { tell } from "../../pipeline/told.ts";
import { codeNames, codeOf } from "./codes.ts";
import { statusOf } from "./status.ts";
import { connectTimeoutMs, grpcTimeoutMs } from "./timeout.ts";

const place = { domain: "bank", locale: "de" };
const told = (refusal: Refusal) => tell(refusal, { locale: "de", requestId: "mine-1", messages: undefined, resource: undefined });
const status = (refusal: Refusal) => statusOf(refusal, told(refusal), place);

test("every type of the platform has its code", () => {
  const byCode: Record<string, string[]> = {};
  for (const [type, { status: http }] of Object.entries(refusalTypes))
    (byCode[codeNames[codeOf({ type, status: http })] ?? ""] ??= []).push(type);
  expect(byCode).toEqual({
    aborted: ["conflict", "rolled_back"],
    already_exists: ["already_exists"],
    deadline_exceeded: ["request_timeout", "deadline_exceeded"],
    failed_precondition: ["still_referenced", "precondition_failed", "precondition_required"],
    internal: ["internal"],
    invalid_argument: [
      "invalid_request",
      "invalid_body",
      "invalid_encoding",
      "too_deep",
      "duplicate_key",
      "invalid_header",
      "invalid_cursor",
      "credential_in_address",
      "not_acceptable",
      "validation_failed",
      "invalid_reference",
      "idempotency_key_reused",
      "batch_failed",
    ],
    not_found: ["not_found"],
    out_of_range: ["page_not_found"],
    permission_denied: [
      "forbidden",
      "scope_required",
      "address_not_allowed",
      "csrf_required",
      "step_up_required",
      "stronger_authentication_required",
      "operation_disabled",
    ],
    resource_exhausted: [
      "spend_cap_reached",
      "too_large",
      "uri_too_long",
      "too_many_requests",
      "quota_exceeded",
      "concurrency_exceeded",
      "too_many_attempts",
      "headers_too_large",
      "storage_full",
    ],
    unauthenticated: ["unauthenticated", "invalid_credentials"],
    unavailable: ["unavailable", "maintenance", "overloaded"],
    unimplemented: ["method_not_allowed", "gone", "unsupported_media_type", "not_implemented"],
    unknown: ["unknown_fate"],
  });
});

test("a service's own refusals: by status; of 422 it is a state in which it cannot be done", () => {
  const codes = [400, 402, 403, 404, 409, 422, 418, 599].map((http) => codeNames[codeOf({ type: "of_its_own", status: http })]);
  expect(codes).toEqual([
    "invalid_argument",
    "resource_exhausted",
    "permission_denied",
    "not_found",
    "failed_precondition",
    "failed_precondition",
    "failed_precondition",
    "internal",
  ]);
});

/** Fields of a message, each as often as it comes. */
const fieldsOf = (bytes: Uint8Array): readonly (readonly [number: number, value: unknown])[] => {
  const reader = new BinaryReader(bytes);
  const fields: (readonly [number, unknown])[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    fields.push([
      number,
      type === WireType.LengthDelimited
        ? reader.bytes()
        : type === WireType.Varint
          ? Number(reader.int64())
          : reader.skip(type, number),
    ]);
  }
  return fields;
};
const text = (value: unknown): string => Buffer.from(value as Uint8Array).toString();

describe("details", () => {
  const debugOf = (refusal: Refusal): Readonly<Record<string, unknown>> =>
    Object.fromEntries(status(refusal).details.map(({ type, debug }) => [type.replace("google.rpc.", ""), debug]));

  test("what is wrong by field, in the caller's language", () => {
    const debug = debugOf(invalid({ name: [{ code: "required" }], "goods.0.sku": [{ code: "too_long", params: { max: 5 } }] }));
    expect(debug).toEqual({
      ErrorInfo: { reason: "validation_failed", domain: "bank", metadata: { status: "422" } },
      BadRequest: {
        fieldViolations: [
          { field: "name", description: expect.stringContaining("darf nicht"), reason: "required" },
          { field: "goods.0.sku", description: expect.stringContaining("5"), reason: "too_long" },
        ],
      },
      LocalizedMessage: { locale: "de", message: expect.any(String) },
      RequestInfo: { requestId: "mine-1" },
    });
  });

  test("the message says what is wrong by field, LocalizedMessage what the refusal is", () => {
    const made = status(invalid({ name: [{ code: "required" }] }));
    expect(made.message).toBe("Validierung fehlgeschlagen: Das Feld „name“ darf nicht leer sein.");
    expect(made.details.find(({ type }) => type === "google.rpc.LocalizedMessage")?.debug).toEqual({
      locale: "de",
      message: "Validierung fehlgeschlagen",
    });
    expect(text(fieldsOf(made.bytes)[1]?.[1])).toBe(made.message);
  });

  test("a limit: which, and when to come again", () => {
    expect(debugOf(refuse("too_many_requests", { retryAfter: 1.5, details: { limit: "burst", quota: 10 } }))).toMatchObject({
      ErrorInfo: { reason: "too_many_requests", metadata: { status: "429", limit: "burst", quota: "10" } },
      RetryInfo: { retryDelay: "1.5s" },
      QuotaFailure: { violations: [{ subject: "burst", description: expect.any(String) }] },
    });
  });

  test("as bytes: google.rpc.Status with google.protobuf.Any of each", () => {
    const refusal = refuse("too_many_requests", { retryAfter: 1.5 });
    const made = status(refusal);
    const fields = fieldsOf(made.bytes);
    expect([fields[0], text(fields[1]?.[1])]).toEqual([[1, 8], made.message]);
    const details = fields.slice(2).map(([number, any]) => {
      const [url, value] = fieldsOf(any as Uint8Array);
      return [number, text(url?.[1]), text(value?.[1])];
    });
    expect(details).toEqual(made.details.map(({ type, value }) => [3, `type.googleapis.com/${type}`, text(value)]));
    const retry = made.details.find(({ type }) => type === "google.rpc.RetryInfo");
    const [[, delay] = [0, new Uint8Array(0)]] = fieldsOf(retry?.value ?? new Uint8Array(0));
    expect(fieldsOf(delay as Uint8Array)).toEqual([
      [1, 1],
      [2, 500_000_000],
    ]);
  });
});

describe("time limits", () => {
  test.each([
    ["1S", 1_000],
    ["250m", 250],
    ["2M", 120_000],
    ["1H", 3_600_000],
    ["5u", 0.005],
    ["99999999n", 99.999_999],
  ])("grpc-timeout: %s", (header, milliseconds) => {
    expect(grpcTimeoutMs(header)).toBeCloseTo(milliseconds, 6);
  });

  test("none, and malformed ones", () => {
    expect([grpcTimeoutMs(null), connectTimeoutMs(undefined)]).toEqual([undefined, undefined]);
    for (const header of ["", "1", "S", "1s", "-1S", "1.5S", "123456789S", " 1S"])
      expect([header, grpcTimeoutMs(header)]).toEqual([header, null]);
    for (const header of ["", "-1", "1.5", "12345678901", "1s"])
      expect([header, connectTimeoutMs(header)]).toEqual([header, null]);
    expect(connectTimeoutMs("2500")).toBe(2_500);
  });
});
