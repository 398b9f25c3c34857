/** A packed parcel in isometric view, as shapes on a plane: what is behind comes first. For whoever draws them, on a screen or on paper. */
import type { Parcel, Placement } from "./packing.ts";

export type Point = readonly [x: number, y: number];

/** A filled shape with a thin outline. */
export interface Face {
  readonly points: readonly Point[];
  /** `#rrggbb` */
  readonly fill: string;
  /** 0 to 1. */
  readonly opacity: number;
}

/** A piece by its three faces that are seen. */
export interface DrawnPiece {
  readonly placement: Placement;
  readonly faces: readonly Face[];
}

export interface Drawing {
  readonly height: number;
  /** Floor and the two walls at the back. */
  readonly box: readonly Face[];
  readonly pieces: readonly DrawnPiece[];
  /** The edges of the box that are nearest. */
  readonly edges: readonly (readonly [Point, Point])[];
}

const colours = [
  "#4e79a7",
  "#f28e2b",
  "#59a14f",
  "#e15759",
  "#76b7b2",
  "#edc948",
  "#b07aa1",
  "#9c755f",
  "#ff9da7",
  "#bab0ac",
] as const;
/** Cosine and sine of 30°. */
const [across, down] = [Math.sqrt(3) / 2, 0.5];

type Corner = readonly [x: number, y: number, z: number];

/** Which pieces a drawing has: those up to the step `until`; those up to `from` are pale, as they lay there before. */
export interface Steps {
  readonly until: number;
  readonly from: number;
}

/** Draws one parcel, in any number of widths and steps; how the pieces hide each other is worked out once. */
export class Draughtsman {
  readonly #parcel: Parcel;
  readonly #placements: readonly Placement[];
  readonly #colour: ReadonlyMap<string, string>;

  constructor(parcel: Parcel) {
    this.#parcel = parcel;
    this.#placements = backToFront(parcel.placements);
    const items = [...new Set(parcel.placements.map(({ item }) => item))].toSorted(byNumber);
    this.#colour = new Map(items.map((item, at) => [item, colours[at % colours.length] ?? colours[0]]));
  }

  /** The colour of an item in the drawings: `#rrggbb`. */
  colourOf(item: string): string {
    return this.#colour.get(item) ?? colours[0];
  }

  draw(width: number, { until, from }: Steps): Drawing {
    const { length: l, width: w, height: h } = this.#parcel;
    const { point, height } = frameOf(this.#parcel, width);
    const face = (corners: readonly Corner[], fill: string, opacity = 1): Face => ({ points: corners.map(point), fill, opacity });
    const pieces = this.#placements
      .filter(({ step }) => step <= until)
      .map((placement) => {
        const colour = this.colourOf(placement.item);
        const [white, opacity] = placement.step > from ? [0, 1] : [0.55, 0.9];
        const sides = sidesOf(placement);
        return { placement, faces: sides.map(({ corners, light }) => face(corners, shade(colour, light, white), opacity)) };
      });
    return {
      height,
      box: [
        face(
          [
            [0, 0, 0],
            [l, 0, 0],
            [l, w, 0],
            [0, w, 0],
          ],
          "#f4f1ea",
        ),
        face(
          [
            [0, 0, 0],
            [l, 0, 0],
            [l, 0, h],
            [0, 0, h],
          ],
          "#e9e4d8",
        ),
        face(
          [
            [0, 0, 0],
            [0, w, 0],
            [0, w, h],
            [0, 0, h],
          ],
          "#e2dccd",
        ),
      ],
      pieces,
      edges: [
        [point([l, 0, h]), point([l, w, h])],
        [point([0, w, h]), point([l, w, h])],
        [point([l, w, 0]), point([l, w, h])],
      ],
    };
  }
}

/** Lines of goods are numbered: 2 is before 10. */
function byNumber(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) || difference === 0 ? (a < b ? -1 : a > b ? 1 : 0) : difference;
}

/** Where the corners of a parcel's inside lie on a plane of a width: no higher than wide, a tall parcel is drawn smaller. */
function frameOf(
  { length, width, height }: Parcel,
  plane: number,
): { readonly height: number; readonly point: (corner: Corner) => Point } {
  const pad = plane / 40;
  const wide = (length + width) * across;
  const high = (length + width) * down + height;
  const scale = (plane - 2 * pad) / Math.max(wide, high);
  const left = pad + width * across * scale + (plane - 2 * pad - wide * scale) / 2;
  const top = pad + height * scale;
  return {
    height: high * scale + 2 * pad,
    point: ([x, y, z]) => [left + (x - y) * across * scale, top + ((x + y) * down - z) * scale],
  };
}

/** The faces that are seen, and how light they are. */
function sidesOf({
  x,
  y,
  z,
  length,
  width,
  height,
}: Placement): readonly { readonly corners: readonly Corner[]; readonly light: number }[] {
  const [x2, y2, z2] = [x + length, y + width, z + height];
  return [
    {
      corners: [
        [x, y, z2],
        [x2, y, z2],
        [x2, y2, z2],
        [x, y2, z2],
      ],
      light: 1,
    },
    {
      corners: [
        [x2, y, z],
        [x2, y2, z],
        [x2, y2, z2],
        [x2, y, z2],
      ],
      light: 0.72,
    },
    {
      corners: [
        [x, y2, z],
        [x2, y2, z],
        [x2, y2, z2],
        [x, y2, z2],
      ],
      light: 0.86,
    },
  ];
}

/**
 * Whatever may hide a piece comes after it. Of two pieces the one that is farther along some axis is in front; where pieces are in front of
 * each other in a circle, the one nearest to the corner at the back goes first.
 */
function backToFront(placements: readonly Placement[]): readonly Placement[] {
  const waiting = placements.toSorted((a, b) => a.x + a.y + a.z - (b.x + b.y + b.z));
  const drawn: Placement[] = [];
  while (waiting.length > 0) {
    const free = waiting.findIndex((piece) => waiting.every((other) => other === piece || !behind(other, piece)));
    drawn.push(...waiting.splice(Math.max(0, free), 1));
  }
  return drawn;
}

/** Whether `a` is wholly behind `b` along an axis, and not in front of it along another. */
function behind(a: Placement, b: Placement): boolean {
  const back = a.x + a.length <= b.x || a.y + a.width <= b.y || a.z + a.height <= b.z;
  const front = b.x + b.length <= a.x || b.y + b.width <= a.y || b.z + b.height <= a.z;
  return back && !front;
}

/** A colour, darker by `light` and then mixed with a share of white. */
function shade(colour: string, light: number, white: number): string {
  const parts = [1, 3, 5].map((at) =>
    Math.round(Number.parseInt(colour.slice(at, at + 2), 16) * light * (1 - white) + 255 * white),
  );
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
