import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseCalls } from "./call-syntax.ts";
import type { SyntaxCall, SyntaxValue } from "./call-syntax.ts";

/** `name(a:b,c:[1,2])`, as the parser understood it. */
const show = (calls: readonly SyntaxCall[], separator: string): string => {
  const value = (given: SyntaxValue): string =>
    Array.isArray(given) ? `[${given.map(value).join(",")}]` : call(given as SyntaxCall);
  const call = ({ text, quoted, args }: SyntaxCall): string => {
    const head = quoted ? JSON.stringify(text) : text;
    return args === undefined ? head : `${head}(${args.map((arg) => `${arg.name}:${value(arg.value)}`).join(",")})`;
  };
  return calls.map(call).join(separator);
};

const parse = (text: string, separator: "," | ";") => {
  const parsed = parseCalls(text, { separator, nestingMax: 4 });
  return typeof parsed === "string" ? parsed : show(parsed, separator);
};

test.each([
  [";", "recommended", "recommended"],
  [";", "recommended;kids(ageFrom:3,ageTo:7)", "recommended;kids(ageFrom:3,ageTo:7)"],
  [";", " a ; b ( x : 1 ) ", "a;b(x:1)"],
  [";", "a()", "a()"],
  [";", 'a(x:"1, (2);3")', 'a(x:"1, (2);3")'],
  [";", String.raw`a(x:"q\"\\")`, String.raw`a(x:"q\"\\")`],
  [";", "a(x:[1,2],y:[])", "a(x:[1,2],y:[])"],
  [";", "a(x:12:30)", "a(x:12:30)"],
  [";", "a(x:-5,y:2026-01-01)", "a(x:-5,y:2026-01-01)"],
  [",", "customer,transfers(perPage:5,sortBy:createdAt.desc)", "customer,transfers(perPage:5,sortBy:createdAt.desc)"],
  [",", "a(include:b(include:c(perPage:1)))", "a(include:b(include:c(perPage:1)))"],
  [",", "a(include:[b,c(perPage:1)])", "a(include:[b,c(perPage:1)])"],
  [",", "a(b:c(d:e(f:g(h:i(j:k)))))", "too_deep"],
  [",", "a(x:[[[[[1]]]]])", "too_deep"],
  [",", "", "malformed"],
  [",", "a,", "malformed"],
  [",", ",a", "malformed"],
  [",", "a(", "malformed"],
  [",", "a)", "malformed"],
  [",", "a(b)", "malformed"],
  [",", "a(b:)", "malformed"],
  [",", "a(:b)", "malformed"],
  [",", "a(b:1", "malformed"],
  [",", 'a(b:"1)', "malformed"],
  [",", "a(b:[1)", "malformed"],
  [",", "a b(c:1)d", "malformed"],
  [",", "a;b", "malformed"],
] as const)("with %s between: %s", (separator, text, understood) => {
  expect(parse(text, separator)).toBe(understood);
});

test("property: any text is parsed or refused, and what was parsed parses again to the same", () => {
  const piece = fc.constantFrom("a", "b1", ",", ";", ":", "(", ")", "[", "]", '"', "\\", " ", "é", "x.y");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), fc.constantFrom(",", ";"), (pieces, separator) => {
      const understood = parse(pieces.join(""), separator);
      if (understood !== "malformed" && understood !== "too_deep") expect(parse(understood, separator)).toBe(understood);
    }),
    { numRuns: 3000 },
  );
});
