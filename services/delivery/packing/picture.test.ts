import { expect, test } from "bun:test";
import { pack } from "./pack.ts";
import { picture } from "./picture.ts";
import { goods } from "./test-goods.ts";
import type { Parcel } from "./packing.ts";

const parcelOf = (lines: number): Parcel => {
  const [parcel] = pack({ items: goods(8, lines), mode: { kind: "box" }, effort: 30 }).parcels;
  if (parcel === undefined) throw new Error("nothing packed");
  return parcel;
};

/** Every element is closed in its order, and every coordinate lies in the picture. */
function check(svg: string): void {
  const open: string[] = [];
  for (const [, close, name = "", own] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close === "/") expect(open.pop()).toBe(name);
    else if (own !== "/") open.push(name);
  }
  expect(open).toEqual([]);
  const width = Number(/ width="([\d.]+)"/.exec(svg)?.[1]);
  const points = [...svg.matchAll(/points="([^"]*)"/g)].flatMap(([, list = ""]) =>
    list.split(" ").map((point) => point.split(",").map(Number)),
  );
  expect(points.length).toBeGreaterThan(0);
  for (const [x = Number.NaN, y = Number.NaN] of points) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(width);
    expect(y).toBeGreaterThanOrEqual(0);
  }
}

test("a picture shows every piece, and every step", () => {
  const parcel = parcelOf(6);
  const svg = picture(parcel, { step: "Step" });
  check(svg);
  // The parcel's three walls, and three faces of each piece: once in the large picture, and in every step up to its own.
  const faces = 3 * (6 + 1) + [1, 2, 3, 4, 5, 6].reduce((sum, pieces) => sum + 3 * (pieces + 1), 0);
  expect(svg.match(/<polygon/g)).toHaveLength(faces);
  for (let step = 1; step <= 6; step++) expect(svg).toContain(`>Step ${step}</text>`);
});

test("many pieces go by several a step, and no step may be wanted", () => {
  const parcel = parcelOf(30);
  const svg = picture(parcel, { steps: 5 });
  check(svg);
  expect(svg.match(/<text/g)).toHaveLength(5);
  expect(svg).toContain(">25–30</text>");
  expect(picture(parcel, { steps: 0 })).not.toContain("<text");
  expect(picture(parcel, { steps: 1000 }).match(/<text/g)).toHaveLength(24);
});

test("names are text, whatever they hold", () => {
  const parcel = parcelOf(2);
  const named = { ...parcel, carton: '"><script>', placements: parcel.placements.map((one) => ({ ...one, item: "<b>&\u0000" })) };
  const svg = picture(named);
  check(svg);
  expect(svg).not.toContain("<script");
  expect(svg).not.toContain("<b>");
  expect(svg).toContain("&lt;b&gt;&amp;");
});
