import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Range, sumOf } from "./settlement-sum.ts";

const nothing: Range = { gross: 0n, sales: 0 };

describe("by hand", () => {
  const cases: [string, Range, Range, number, bigint, object][] = [
    ["half a unit is rounded up", { gross: 50n, sales: 1 }, nothing, 100, 0n, { status: "posted", due: 50n, fee: 1n, net: 49n }],
    ["less is not", { gross: 49n, sales: 1 }, nothing, 100, 0n, { status: "posted", due: 49n, fee: 0n, net: 49n }],
    ["each sale costs", { gross: 1000n, sales: 3 }, nothing, 150, 10n, { status: "posted", due: 1000n, fee: 45n, net: 955n }],
    ["the fee may be all", { gross: 30n, sales: 3 }, nothing, 0, 10n, { status: "posted", due: 30n, fee: 30n, net: 0n }],
    [
      "more than all is carried",
      { gross: 29n, sales: 3 },
      nothing,
      0,
      10n,
      { status: "carried", carried: { gross: 29n, sales: 3 } },
    ],
    [
      "refunds are carried",
      { gross: -70n, sales: 1 },
      { gross: -5n, sales: 2 },
      100,
      0n,
      { status: "carried", carried: { gross: -75n, sales: 3 } },
    ],
    [
      "and settled with what follows",
      { gross: 175n, sales: 2 },
      { gross: -75n, sales: 3 },
      100,
      2n,
      { status: "posted", due: 100n, fee: 11n, net: 89n },
    ],
  ];
  test.each(cases)("%s", (_, range, carried, feeBasisPoints, feeFixed, expected) => {
    expect(sumOf(range, carried, { feeBasisPoints, feeFixed })).toEqual(expected as never);
  });
});

test("nothing is lost between ranges: what was settled and what is carried is what there was", () => {
  const range = fc.record({ gross: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), sales: fc.nat(1000) });
  const terms = fc.record({ feeBasisPoints: fc.nat(10_000), feeFixed: fc.bigInt({ min: 0n, max: 500n }) });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), terms, (ranges, of) => {
      let carried = nothing;
      let settled = 0n;
      for (const next of ranges) {
        const sum = sumOf(next, carried, of);
        if (sum.status === "posted") {
          expect(sum.net >= 0n && sum.fee >= 0n && sum.net + sum.fee === sum.due).toBe(true);
          settled += sum.due;
        }
        carried = sum.status === "posted" ? nothing : sum.carried;
      }
      expect(settled + carried.gross).toBe(ranges.reduce((sum, { gross }) => sum + gross, 0n));
    }),
  );
});
