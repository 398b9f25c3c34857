import { describe, expect, test } from "bun:test";
import { FormatError } from "../../http/format-error.ts";
import type { PlainValue } from "./plain.ts";
import { formatByExtension, formatNamed, formats, inputFormat, outputFormat } from "./registry.ts";

test.each([
  ["json", "json"],
  ["xml", "xml"],
  ["yaml", "yaml"],
  ["yml", "yaml"],
  ["csv", "csv"],
  ["ndjson", "ndjson"],
  ["msgpack", "msgpack"],
  ["exe", undefined],
  ["constructor", undefined],
])("the extension .%s is %p", (extension, name) => {
  expect(formatByExtension(extension)?.name).toBe(name as never);
});

describe("inputFormat", () => {
  test.each([
    ["application/json", "json", "plain"],
    ["Application/JSON; charset=UTF-8", "json", "plain"],
    ['application/json;charset="utf-8"; x=y', "json", "plain"],
    ["text/json", "json", "plain"],
    ["application/merge-patch+json", "json", "merge"],
    ["application/json-patch+json", "json", "jsonPatch"],
    ["application/problem+json", "json", "problem"],
    ["application/vnd.acme.v1+json", "json", "plain"],
    ["application/problem+xml", "xml", "problem"],
    ["application/soap+xml; charset=utf-8", "xml", "plain"],
    ["text/xml", "xml", "plain"],
    ["application/x-yaml", "yaml", "plain"],
    ["text/csv; header=present", "csv", "plain"],
    ["application/x-ndjson", "ndjson", "plain"],
    ["application/vnd.msgpack", "msgpack", "plain"],
  ])("%s", (header, name, kind) => {
    expect(inputFormat(header)).toMatchObject({ format: { name }, kind });
    expect(inputFormat(header)).toBe(inputFormat(header) as never);
  });

  test.each([
    ["text/plain", "unsupported_media_type"],
    ["application/x-www-form-urlencoded", "unsupported_media_type"],
    ["json", "unsupported_media_type"],
    ["application/+json", "unsupported_media_type"],
    ["image/svg+xml", "unsupported_media_type"],
    ["application/json, text/xml", "unsupported_media_type"],
    [`application/json; x=${"y".repeat(300)}`, "unsupported_media_type"],
    ["application/json; charset=latin1", "unsupported_charset"],
    ['application/xml; charset="utf-16"', "unsupported_charset"],
    ["text/csv; charset=", "unsupported_charset"],
  ])("refuses %s", (header, type) => {
    const refusal = inputFormat(header);
    expect(refusal).toBeInstanceOf(FormatError);
    expect(refusal).toMatchObject({ status: 415, type });
  });

  test("says nothing without a header", () => {
    expect(inputFormat(undefined)).toBeUndefined();
    expect(inputFormat(null)).toBeUndefined();
  });
});

describe("outputFormat", () => {
  test.each([
    [undefined, "json", false],
    ["*/*", "json", false],
    ["application/xml", "xml", false],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml", false],
    ["application/json;q=0.5, application/yaml", "yaml", false],
    ["application/problem+json", "json", true],
    ["application/json, application/problem+json", "json", true],
    ["application/json, application/problem+json;q=0", "json", false],
    ["application/problem+xml", "xml", true],
    ["application/msgpack", "msgpack", false],
    ["text/*", "json", false],
    ["text/csv", undefined, undefined],
    ["text/csv, application/json;q=0.1", "json", false],
    ["image/png", undefined, undefined],
    ["application/json;q=0", undefined, undefined],
  ])("for an object, %s", (header, name, wantsProblem) => {
    const output = outputFormat(header, { shape: "single" });
    expect(output?.format.name).toBe(name as never);
    expect(output?.wantsProblem).toBe(wantsProblem as never);
  });

  test("for a list, also CSV and NDJSON", () => {
    expect(outputFormat("text/csv", { shape: "list" })?.format.name).toBe("csv");
    expect(outputFormat("application/x-ndjson, application/json;q=0.9", { shape: "list" })?.format.name).toBe("ndjson");
  });
});

test("every format reads what it writes", () => {
  const rows: PlainValue = [
    { id: "a", note: "x,y" },
    { id: "b", note: "=1" },
  ];
  for (const format of formats) {
    const written = format.stringify(rows);
    const bytes = typeof written === "string" ? new TextEncoder().encode(written) : written;
    expect({ name: format.name, value: format.parse(bytes) }).toEqual({ name: format.name, value: rows });
    expect(format.streams).toBe(format.stream !== undefined);
    expect(formatNamed(format.name)).toBe(format);
    expect(inputFormat(format.contentType)).toMatchObject({ format: { name: format.name } });
  }
});
