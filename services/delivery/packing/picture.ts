/**
 * A picture of a packed parcel as SVG: the parcel in isometric view with its pieces, and small pictures of the steps, each with the pieces so
 * far and the new ones marked. Nothing in it is taken as markup: names are escaped.
 */
import type { Parcel, Placement } from "./packing.ts";

export interface PictureOptions {
  /** Pixels of the large picture's width; absent: 480. */
  readonly width?: number;
  /** Pictures of steps, at most 24 of them; absent: 12; 0: none. With more pieces, a step is several. */
  readonly steps?: number;
  /** The word before the number of a step; absent: none. */
  readonly step?: string;
}

const stepsMax = 24;
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

export function picture(parcel: Parcel, { width = 480, steps = 12, step = "" }: PictureOptions = {}): string {
  const count = parcel.placements.length;
  const shown = Math.max(0, Math.min(stepsMax, Math.floor(steps), count));
  const frame = new Frame(parcel, width);
  const small = new Frame(parcel, width / 4);
  const columns = 4;
  const top = frame.height + 8;
  const cell = small.height + 20;
  const rows = Math.ceil(shown / columns);
  const colourOf = coloursOf(parcel.placements);
  const parts = [drawing(frame, parcel, { until: count, from: 0, colourOf })];
  for (let index = 0; index < shown; index++) {
    const until = Math.round(((index + 1) * count) / shown);
    const from = Math.round((index * count) / shown);
    const label = [step, from + 1 === until ? `${until}` : `${from + 1}–${until}`].filter((word) => word !== "").join(" ");
    const x = (index % columns) * (width / columns);
    const y = top + Math.floor(index / columns) * cell;
    parts.push(
      `<g transform="translate(${pixel(x)} ${pixel(y)})"><text x="4" y="12">${escaped(label)}</text>`,
      `<g transform="translate(0 16)">${drawing(small, parcel, { until, from, colourOf })}</g></g>`,
    );
  }
  const height = pixel(top + rows * cell);
  const title = `${parcel.carton ?? ""} ${parcel.length / 10} × ${parcel.width / 10} × ${parcel.height / 10} mm`.trim();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pixel(width)} ${height}" width="${pixel(width)}" height="${height}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escaped(title)}</title>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

class Frame {
  readonly height: number;
  readonly #scale: number;
  readonly #left: number;
  readonly #top: number;
  constructor({ length, width, height }: Parcel, pixels: number) {
    const pad = pixels / 40;
    // No higher than wide: a tall parcel is drawn smaller.
    const wide = (length + width) * across;
    const high = (length + width) * down + height;
    this.#scale = (pixels - 2 * pad) / Math.max(wide, high);
    this.height = high * this.#scale + 2 * pad;
    this.#left = pad + width * across * this.#scale + (pixels - 2 * pad - wide * this.#scale) / 2;
    this.#top = pad + height * this.#scale;
  }
  point(x: number, y: number, z: number): string {
    return `${pixel(this.#left + (x - y) * across * this.#scale)},${pixel(this.#top + ((x + y) * down - z) * this.#scale)}`;
  }
}

function drawing(
  frame: Frame,
  parcel: Parcel,
  { until, from, colourOf }: { readonly until: number; readonly from: number; readonly colourOf: (item: string) => string },
): string {
  const { length: l, width: w, height: h } = parcel;
  const inside = [
    face(
      frame,
      [
        [0, 0, 0],
        [l, 0, 0],
        [l, w, 0],
        [0, w, 0],
      ],
      "#f4f1ea",
      1,
    ),
    face(
      frame,
      [
        [0, 0, 0],
        [l, 0, 0],
        [l, 0, h],
        [0, 0, h],
      ],
      "#e9e4d8",
      1,
    ),
    face(
      frame,
      [
        [0, 0, 0],
        [0, w, 0],
        [0, w, h],
        [0, 0, h],
      ],
      "#e2dccd",
      1,
    ),
  ];
  const pieces = backToFront(parcel.placements.filter(({ step }) => step <= until)).map((piece) => {
    const fresh = piece.step > from;
    const name = `<title>${escaped(`${piece.item} (${piece.step})`)}</title>`;
    return `<g>${name}${cuboid(frame, piece, colourOf(piece.item), fresh ? 1 : 0.45)}</g>`;
  });
  const edges = [
    [
      [l, 0, h],
      [l, w, h],
    ],
    [
      [0, w, h],
      [l, w, h],
    ],
    [
      [l, w, 0],
      [l, w, h],
    ],
  ].map(
    (line) =>
      `<polyline points="${line.map(([x = 0, y = 0, z = 0]) => frame.point(x, y, z)).join(" ")}" fill="none" stroke="#8a8270" stroke-dasharray="3 3"/>`,
  );
  return [...inside, ...pieces, ...edges].join("");
}

/**
 * Whatever may hide a piece is drawn after it. Of two pieces the one that is farther along some axis is in front; where pieces are in front of
 * each other in a circle, the one nearest to the corner at the back goes first.
 */
function backToFront(placements: readonly Placement[]): Placement[] {
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

function cuboid(frame: Frame, { x, y, z, length, width, height }: Placement, colour: string, opacity: number): string {
  const [x2, y2, z2] = [x + length, y + width, z + height];
  return [
    face(
      frame,
      [
        [x, y, z2],
        [x2, y, z2],
        [x2, y2, z2],
        [x, y2, z2],
      ],
      colour,
      opacity,
    ),
    face(
      frame,
      [
        [x2, y, z],
        [x2, y2, z],
        [x2, y2, z2],
        [x2, y, z2],
      ],
      shade(colour, 0.72),
      opacity,
    ),
    face(
      frame,
      [
        [x, y2, z],
        [x2, y2, z],
        [x2, y2, z2],
        [x, y2, z2],
      ],
      shade(colour, 0.86),
      opacity,
    ),
  ].join("");
}

function face(frame: Frame, corners: readonly (readonly [number, number, number])[], colour: string, opacity: number): string {
  const points = corners.map(([x, y, z]) => frame.point(x, y, z)).join(" ");
  return `<polygon points="${points}" fill="${colour}" fill-opacity="${opacity}" stroke="#333" stroke-width="0.6" stroke-linejoin="round"/>`;
}

function coloursOf(placements: readonly Placement[]): (item: string) => string {
  const items = [...new Set(placements.map(({ item }) => item))].toSorted();
  const colour = new Map(items.map((item, at) => [item, colours[at % colours.length] ?? colours[0]]));
  return (item) => colour.get(item) ?? colours[0];
}

function shade(colour: string, light: number): string {
  const parts = [1, 3, 5].map((at) => Math.round(Number.parseInt(colour.slice(at, at + 2), 16) * light));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  // Control characters have no place in XML.
  return [...text]
    .map((letter) =>
      letter === "&" ? "&amp;" : letter === "<" ? "&lt;" : letter === ">" ? "&gt;" : letter === '"' ? "&quot;" : letter,
    )
    .filter((letter) => letter >= " ")
    .join("");
}
