/** The contract lock of a service over SOAP: what generated clients have compiled in. A line is a case. */
import { describe, expect, test } from "bun:test";
import { compile } from "../../src/contract/compile.ts";
import { diffContracts, type Lock, lockOf, updateLock } from "../../src/contract/lock/index.ts";
import {
  query,
  service,
  type SoapDefinition,
  type SoapElement,
  type SoapElements,
  type SoapOperation,
  t,
} from "../../src/index.ts";

describe("the lock of SOAP", () => {
  const soap: SoapDefinition = {
    name: "Boxes",
    offer: "listed",
    lists: "repeated",
    passwords: "anywhere",
    types: { Size: [{ name: "Length", field: "length", type: "decimal", scale: 4 }, "Width"] },
    operations: {
      measure: {
        name: "Measure",
        input: [{ name: "Sizes", field: "sizes", type: "Size" }, "Label", { name: "Count", field: "count", type: "int" }],
        output: [
          { name: "return", field: "fits", refused: { value: false } },
          { name: "Comment", field: "comment", refused: "message" },
        ],
        inBand: ["too_large"],
      },
    },
  };
  const [size = [], measure = {}] = [soap.types?.["Size"], soap.operations?.["measure"]];
  const [sizes, label, amount] = measure.input ?? [];
  const [returned, comment] = measure.output ?? [];
  const boxes = (given: SoapDefinition | undefined, refusals: object = {}) =>
    compile(
      service("boxes", {
        doc: "Boxes.",
        version: "v1",
        roles: { packer: "Packs." },
        resources: [],
        operations: {
          measure: query({
            doc: "Whether it fits.",
            roles: ["packer"],
            input: {
              sizes: t.array(t.object({ length: t.integer(), width: t.integer(), height: t.integer({ optional: true }) })),
              label: t.string({ optional: true }),
              count: t.integer({ default: 1 }),
              note: t.string({ optional: true }),
            },
            output: { fits: t.boolean(), comment: t.string(), price: t.integer({ optional: true }) },
            refusals: {
              too_large: { status: 422, doc: "Too large." },
              too_many: { status: 422, doc: "Too many." },
              ...refusals,
            },
            run: () => ({ fits: true, comment: "" }),
          }),
          greet: query({ doc: "Says hello.", roles: ["packer"], output: { text: t.string() }, run: () => ({ text: "" }) }),
        },
        ...(given === undefined ? {} : { soap: given }),
      }),
    );
  const held = lockOf(boxes(soap));
  const told = (given: SoapDefinition | undefined, refusals?: object): readonly string[] =>
    diffContracts(held, lockOf(boxes(given, refusals), held)).map(
      ({ kind, where, what }) => `${kind === "breaking" ? "✗" : "+"} ${where}: ${what}`,
    );
  const measured = (change: SoapOperation): SoapDefinition => ({ ...soap, operations: { measure: { ...measure, ...change } } });
  const elements = (...given: readonly (SoapElement | string | undefined)[]): SoapElements =>
    given.filter((one) => one !== undefined);
  const sized = (...given: SoapElements): SoapDefinition => ({ ...soap, types: { Size: given } });

  const cases: readonly [string, SoapDefinition | undefined, readonly string[]][] = [
    ["nothing changed", { ...soap }, []],
    [
      "a field that is said, not found by its name",
      measured({ input: elements(sizes, { name: "Label", field: "label" }, amount) }),
      [],
    ],
    ["another name of the service", { ...soap, name: "Cartons" }, ["✗ v1 SOAP: name Boxes → Cartons"]],
    ["another namespace", { ...soap, namespace: "urn:boxes" }, ["✗ v1 SOAP: namespace urn:pons:boxes:v1 → urn:boxes"]],
    [
      "passwords over TLS only",
      { ...soap, passwords: "overTls" },
      ["✗ v1 SOAP: passwords anywhere → overTls: what was taken is refused"],
    ],
    ["an offset", { ...soap, offset: "+01:00" }, ["+ v1 SOAP: offset none → +01:00"]],
    ["another name of an operation", measured({ name: "Check" }), ["✗ v1 measure: is called Check over SOAP, not Measure"]],
    [
      "arguments in another order",
      measured({ input: elements(label, sizes, amount) }),
      ["✗ v1 measure SOAP input: its elements are Label, Sizes, Count, not Sizes, Label, Count"],
    ],
    ["an argument gone", measured({ input: elements(sizes, amount) }), ["✗ v1 measure SOAP input: element Label was removed"]],
    [
      "an argument more at the end",
      measured({ input: elements(sizes, label, amount, "Note") }),
      ["+ v1 measure SOAP input: element Note was added"],
    ],
    [
      "an argument more before others",
      measured({ input: elements(sizes, "Note", label, amount) }),
      ["✗ v1 measure SOAP input: element Note was added before others: what comes after it moves"],
    ],
    [
      "an argument that holds another field, as another type",
      measured({ input: elements(sizes, { name: "Label", field: "note" }, { name: "Count", field: "count", type: "long" }) }),
      ["✗ v1 measure SOAP input Label: holds label → note", "✗ v1 measure SOAP input Count: type int → long"],
    ],
    [
      "an argument that must be there",
      measured({ input: elements(sizes, { name: "Label", optional: false }, amount) }),
      ["✗ v1 measure SOAP input Label: may not be left out any more"],
    ],
    [
      "lists within one element",
      { ...soap, lists: "wrapped" },
      ["✗ v1 measure SOAP input Sizes: list repeated → wrapped", "✗ v1 measure SOAP input Sizes: item none → item"],
    ],
    [
      "another first element of the answer",
      measured({ output: elements(comment, returned) }),
      ["✗ v1 measure SOAP output: its elements are Comment, return, not return, Comment"],
    ],
    [
      "an answer with one element more",
      measured({ output: elements(returned, comment, { name: "Price", field: "price", type: "int" }) }),
      ["+ v1 measure SOAP output: element Price was added"],
    ],
    [
      "another value in place of a refused one",
      measured({ output: elements({ name: "return", field: "fits", refused: "type" }, comment) }),
      ["✗ v1 measure SOAP output return: refused = false → type"],
    ],
    ["a refusal that is a fault now", measured({ inBand: [] }), ["✗ v1 measure: too_large is a fault over SOAP now"]],
    [
      "a refusal that was a fault",
      measured({ inBand: ["too_large", "too_many"] }),
      ["✗ v1 measure: too_many is answered in band over SOAP now, and was a fault"],
    ],
    [
      "answers as they follow from the fields",
      { ...soap, operations: { measure: { name: "Measure", input: measure.input ?? [], inBand: ["too_large"] } } },
      ["✗ v1 measure SOAP output: its elements are no longer given"],
    ],
    [
      "a type with another scale",
      sized({ name: "Length", field: "length", type: "decimal", scale: 3 }, "Width"),
      ["✗ v1 SOAP type Size Length: scale 4 → 3"],
    ],
    [
      "a type in another order, and one element more",
      sized("Width", ...size.slice(0, 1), "Height"),
      ["✗ v1 SOAP type Size: its elements are Width, Length, not Length, Width", "+ v1 SOAP type Size: element Height was added"],
    ],
    ["an operation more", { ...soap, operations: { measure, greet: {} } }, ["+ v1 greet: SOAP operation Greet was added"]],
    [
      "nothing said any more",
      undefined,
      [
        "✗ v1 measure SOAP input: its elements are no longer given",
        "✗ v1 measure SOAP output: its elements are no longer given",
        "✗ v1 SOAP: type Size was removed",
      ],
    ],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => {
      const found = told(given);
      if (expected.length === 0) expect(found).toEqual([]);
      for (const line of expected) expect(found).toContain(line);
      if (!expected.some((line) => line.startsWith("✗"))) expect(found.filter((line) => line.startsWith("✗"))).toEqual([]);
    });
  }

  test("a refusal that is new may be answered in band", () => {
    const found = told(measured({ inBand: ["too_large", "too_thin"] }), { too_thin: { status: 422, doc: "Too thin." } });
    expect(found).toEqual([
      "+ v1 measure: may refuse with too_thin (422)",
      "+ v1 measure: too_thin is answered in band over SOAP now",
    ]);
  });

  test("a breaking change is refused without a reason; a lock from before takes all of it in", () => {
    const changed = boxes(measured({ input: elements(label, sizes, amount) }));
    expect(updateLock(changed, held, { today: "2026-11-22" })).toMatchObject({ ok: false });
    const { soap: _soap, ...version } = held.versions["v1"] ?? { resources: {}, operations: {} };
    const operations = Object.fromEntries(
      Object.entries(version.operations).map(([name, { soap: _method, ...rest }]) => [name, rest] as const),
    );
    const older: Lock = { ...held, versions: { v1: { ...version, operations } } };
    expect(updateLock(boxes(soap), older, { today: "2026-11-22" })).toEqual({ ok: true, lock: held, changes: [], changed: true });
  });
});
