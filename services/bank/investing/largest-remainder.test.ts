import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Claim, distribute } from "./largest-remainder.ts";

const weights = (...all: readonly number[]): Claim[] =>
  all.map((weight, index) => ({ id: String.fromCodePoint(97 + index), weight: BigInt(weight) }));

const parts = (amount: number, claims: readonly Claim[]): string =>
  [...distribute(BigInt(amount), claims)].map(([id, part]) => `${id}${part}`).join(" ");

describe("by hand", () => {
  const cases: [number, readonly number[], string][] = [
    [100, [1, 1, 1], "a34 b33 c33"],
    [101, [1, 1, 1], "a34 b34 c33"],
    [1, [1, 1, 1], "a1 b0 c0"],
    [0, [1, 1], "a0 b0"],
    [10, [0, 1], "a0 b10"],
    [7, [1, 2, 4], "a1 b2 c4"],
    [10, [3, 3, 1], "a4 b4 c2"],
    [1, [1, 3, 3], "a0 b1 c0"],
  ];
  test.each(cases)("%d by %j", (amount, of, expected) => {
    expect(parts(amount, weights(...of))).toBe(expected);
  });

  test("what cannot be split is refused", () => {
    expect(() => distribute(-1n, weights(1))).toThrow(RangeError);
    expect(() => distribute(1n, weights(1, -1))).toThrow(RangeError);
    expect(() => distribute(1n, weights(0, 0))).toThrow(RangeError);
    expect(() => distribute(1n, [])).toThrow(RangeError);
    expect(() => distribute(2n, [...weights(1), ...weights(1)])).toThrow(RangeError);
    expect(distribute(0n, []).size).toBe(0);
  });
});

describe("for all amounts and claims", () => {
  const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  const claims = fc
    .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 40 })
    .chain((ids) =>
      fc
        .array(fc.bigInt({ min: 0n, max: 10n ** 17n }), { minLength: ids.length, maxLength: ids.length })
        .map((all) => ids.map((id, index): Claim => ({ id, weight: all[index] ?? 0n }))),
    )
    .filter((all) => all.some(({ weight }) => weight > 0n));
  const totalOf = (all: readonly Claim[]): bigint => all.reduce((sum, { weight }) => sum + weight, 0n);

  test("the parts sum to the amount", () => {
    fc.assert(
      fc.property(amount, claims, (whole, all) => {
        expect([...distribute(whole, all).values()].reduce((sum, part) => sum + part, 0n)).toBe(whole);
      }),
    );
  });

  test("each part is less than one unit from its exact share, and nothing where there is no claim", () => {
    fc.assert(
      fc.property(amount, claims, (whole, all) => {
        const total = totalOf(all);
        const found = distribute(whole, all);
        for (const { id, weight } of all) {
          const off = (found.get(id) as bigint) * total - whole * weight;
          expect(off < total && off > -total).toBe(true);
          if (weight === 0n) expect(found.get(id)).toBe(0n);
        }
      }),
    );
  });

  test("the order of the claims changes nothing, for ties go by id", () => {
    const shuffled = claims.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(amount, shuffled, (whole, [all, mixed]) => {
        const [first, second] = [distribute(whole, all), distribute(whole, mixed)];
        for (const { id } of all) expect(second.get(id)).toBe(first.get(id) as bigint);
      }),
    );
  });

  test("an amount no greater than the claims gives nobody more than the own claim, and all of it exactly the claims", () => {
    fc.assert(
      fc.property(claims, fc.bigInt({ min: 0n, max: 10n ** 18n }), (all, some) => {
        const total = totalOf(all);
        const found = distribute(some % (total + 1n), all);
        for (const { id, weight } of all) expect((found.get(id) as bigint) <= weight).toBe(true);
        expect([...distribute(total, all)]).toEqual(all.map(({ id, weight }) => [id, weight]));
      }),
    );
  });
});
