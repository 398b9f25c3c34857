import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { knownFieldTypes } from "./component.ts";
import { isProblem } from "./problem.ts";
import { readSignatureInput } from "./signature-input.ts";

const list = '("@method" "@target-uri" "content-digest")';
const input = `pons=${list};created=1618884473;keyid="app_1";nonce="n=1;)(";alg="ed25519";expires=1618884480;tag="pons"`;
const signature = "pons=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";

/** The same types in a map of their own: then nothing that was read before is used. */
const afresh = new Map(knownFieldTypes);

const read = (inputHeader: string, signatureHeader: string, types = knownFieldTypes) => {
  const headers = { get: (name: string) => (name === "signature-input" ? inputHeader : signatureHeader) };
  const result = readSignatureInput(headers, "request", { label: "pons", types });
  if (isProblem(result)) return result.problem;
  const { label, text, parameters, coverage } = result;
  const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
  return { label, text, parameters: given, coverage, signature: Buffer.from(result.signature).toString("hex") };
};

test("a list that is known is read as one that is seen for the first time", () => {
  const first = read(input, signature);
  expect(first).toMatchObject({ label: "pons", parameters: { nonce: "n=1;)(", created: 1_618_884_473, tag: "pons" } });
  expect(read(input, signature)).toEqual(first);
  expect(read(input, signature, afresh)).toEqual(first);
});

const pieces = [
  ";created=1",
  ";created=01",
  ";created=-1",
  ";created=1.0",
  ";created=",
  ";created",
  ";expires=2",
  ';nonce="n"',
  ';nonce="a\\"b"',
  ";nonce=n",
  ';keyid="k"',
  ';alg=""',
  ';tag="pons"',
  ';more="1"',
  ";sf",
  ";",
  " ",
  "\t",
  '"',
  "=",
  ",",
  ", ",
  ")",
  "(",
  "?",
  "\u00fc",
  "\\",
  ", b=()",
  "1618884473",
];
const changed = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.record({ at: fc.nat({ max: text.length }), cut: fc.nat({ max: 3 }), piece: fc.constantFrom("", ...pieces) }), {
      maxLength: 3,
    })
    .map((changes) => changes.reduce((now, { at, cut, piece }) => now.slice(0, at) + piece + now.slice(at + cut), text));
const parameters = fc
  .array(fc.constantFrom(...pieces.slice(0, 18)), { maxLength: 5 })
  .map((parts) => `pons=${list}${parts.join("")}`);
const encoded = fc
  .tuple(fc.uint8Array({ maxLength: 70 }), fc.constantFrom("", " ", "\t", "\f", "    ", "=", "A"))
  .map(([bytes, more]) => `pons=:${Buffer.from(bytes).toString("base64")}${more}:`);

test("SECURITY 19: whatever stands in the headers, both ways of reading them agree", () => {
  expect(read(input, signature)).toBeObject();
  fc.assert(
    fc.property(
      fc.oneof(changed(input), parameters),
      fc.oneof(fc.constant(signature), changed(signature), encoded),
      (first, second) => {
        expect(read(first, second)).toEqual(read(first, second, afresh));
      },
    ),
    { numRuns: 5_000 },
  );
});
