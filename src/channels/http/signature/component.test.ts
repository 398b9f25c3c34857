import { describe, expect, test } from "bun:test";
import { fieldsOf, testRequest, testResponse } from "../../../../test/http/rfc9421.ts";
import { parseDictionary } from "../structured-fields.ts";
import { compileComponents, type FieldType } from "./component.ts";
import type { Message, RequestMessage } from "./message.ts";
import { isProblem } from "./problem.ts";
import { signatureBase } from "./signature-base.ts";

describe("components", () => {
  const types = new Map<string, FieldType>([
    ["example-dict", "dictionary"],
    ["example-list", "list"],
  ]);
  const message: RequestMessage = {
    ...testRequest(),
    authority: "www.example.com",
    target:
      "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&qux=&twice=1&twice=2&x=!'()~*",
    headers: fieldsOf([
      ["X-OWS-Header", "   Leading and trailing whitespace.   "],
      ["X-Obs-Fold-Header", "Obsolete\r\n    line folding."],
      ["Cache-Control", "max-age=60"],
      ["Cache-Control", "   must-revalidate"],
      ["Example-Dict", " a=1,    b=2;x=1;y=2,   c=(a   b   c), d"],
      ["Example-Header", "value, with, lots"],
      ["Example-Header", "of, commas"],
      ["X-Empty-Header", ""],
      ["X-Latin", "caf\u00e9"],
      ["X-Line", "a\nb"],
    ]),
    trailers: fieldsOf([["Expires", "Wed, 9 Nov 2022 07:28:00 GMT"]]),
  };

  const valueOf = (identifier: string, of: Message = message): string | undefined => {
    const input = parseDictionary(`a=(${identifier})`, { repeated: "refuse" })?.get("a");
    if (input === undefined || !("items" in input)) throw new Error(identifier);
    const components = compileComponents(input.items, { kind: of.kind, types });
    if (isProblem(components)) return components.problem;
    return signatureBase(of, components, "()")?.split("\n")[0];
  };

  test.each([
    ['"@method"', "POST"],
    ['"@authority"', "www.example.com"],
    ['"@scheme"', "https"],
    ['"@path"', "/parameters"],
    ['"@query-param";name="var"', "this%20is%20a%20big%0Amultiline%20value"],
    ['"@query-param";name="bar"', "with%20plus%20whitespace"],
    ['"@query-param";name="fa%C3%A7ade%22%3A%20"', "something"],
    ['"@query-param";name="qux"', ""],
    ['"@query-param";name="x"', "%21%27%28%29%7E*"],
    ['"x-ows-header"', "Leading and trailing whitespace."],
    ['"x-obs-fold-header"', "Obsolete line folding."],
    ['"cache-control"', "max-age=60, must-revalidate"],
    ['"example-dict"', "a=1,    b=2;x=1;y=2,   c=(a   b   c), d"],
    ['"example-dict";sf', "a=1, b=2;x=1;y=2, c=(a b c), d"],
    ['"example-dict";key="a"', "1"],
    ['"example-dict";key="d"', "?1"],
    ['"example-dict";key="b"', "2;x=1;y=2"],
    ['"example-dict";key="c"', "(a b c)"],
    ['"example-header"', "value, with, lots, of, commas"],
    ['"example-header";bs', ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"],
    ['"x-latin";bs', ":Y2Fm6Q==:"],
    ['"x-empty-header"', ""],
    ['"expires";tr', "Wed, 9 Nov 2022 07:28:00 GMT"],
  ])("%s is %p", (identifier, value) => expect(valueOf(identifier)).toBe(`${identifier}: ${value}`));

  test.each([
    ["/path?queryString", '"@query"', "?queryString"],
    ["/path", '"@query"', "?"],
    ["/path?", '"@query"', "?"],
    ["/path?param=value&foo=bar&baz=bat%2Dman", '"@query"', "?param=value&foo=bar&baz=bat%2Dman"],
    ["/path?param=value", '"@path"', "/path"],
    ["/path?param=value", '"@request-target"', "/path?param=value"],
    ["/path?param=value", '"@target-uri"', "https://www.example.com/path?param=value"],
  ])("of %s, %s is %p", (target, identifier, value) =>
    expect(valueOf(identifier, { ...message, target })).toBe(`${identifier}: ${value}`),
  );

  test.each([
    '"@unknown"',
    '"@signature-params"',
    '"@status"',
    '"@method";req',
    '"@method";sf',
    '"@method";name="a"',
    '"@query-param"',
    '"@query-param";name=a',
    '"Content-Type"',
    '"content type"',
    '""',
    '"content-type";foo',
    '"content-type";sf',
    '"content-type";key="a"',
    '"content-type";sf=?0',
    '"content-type";sf="yes"',
    '"content-type";req',
    '"example-dict";sf;bs',
    '"example-dict";key="a";bs',
    '"example-dict";key=a',
    '"example-list";key="a"',
  ])("SECURITY 19: %s is not known", (identifier) => expect(valueOf(identifier)).toBe("component_unknown"));

  test.each([
    '"missing"',
    '"missing";tr',
    '"example-dict";key="z"',
    '"@query-param";name="missing"',
    '"@query-param";name="twice"',
    '"x-latin"',
    '"x-line"',
  ])("%s has no value", (identifier) => expect(valueOf(identifier)).toBeUndefined());

  test.each(['"@method" "@method"', '"date" "@method" "date"', '"example-dict";key="a";tr "example-dict";tr;key="a"'])(
    "SECURITY 19: %s repeats a component",
    (identifiers) => expect(valueOf(identifiers)).toBe("component_repeated"),
  );

  test("components that differ in a parameter are two", () => {
    expect(valueOf('"example-dict";key="a" "example-dict";key="b"')).toBe('"example-dict";key="a": 1');
  });

  test("a response has a status, and its request by req only", () => {
    const response: Message = { ...testResponse(), request: testRequest() };
    expect(valueOf('"@status"', response)).toBe('"@status": 200');
    expect(valueOf('"@method";req', response)).toBe('"@method";req: POST');
    expect(valueOf('"@method"', response)).toBe("component_unknown");
    expect(valueOf('"@status";req', response)).toBe("component_unknown");
    expect(valueOf('"@method";req', testResponse())).toBeUndefined();
  });
});
