/**
 * A picture of a packed parcel as SVG: the parcel in isometric view with its pieces, and small pictures of the steps, each with the pieces so
 * far and the new ones marked. Nothing in it is taken as markup: names are escaped.
 */
import { Draughtsman, type Drawing, type Face, type Point, type Steps } from "./drawing.ts";
import type { Parcel } from "./packing.ts";

export interface PictureOptions {
  /** Pixels of the large picture's width; absent: 480. */
  readonly width?: number;
  /** Pictures of steps, at most 24 of them; absent: 12; 0: none. With more pieces, a step is several. */
  readonly steps?: number;
  /** The word before the number of a step; absent: none. */
  readonly step?: string;
}

const stepsMax = 24;
const columns = 4;

/** Pieces of each of so many pictures of steps, and what they are called: `3`, `4–6`. */
export const stepsOf = (count: number, wanted: number): readonly (Steps & { readonly label: string })[] => {
  const shown = Math.max(0, Math.min(stepsMax, Math.floor(wanted), count));
  return Array.from({ length: shown }, (_, index) => {
    const until = Math.round(((index + 1) * count) / shown);
    const from = Math.round((index * count) / shown);
    return { until, from, label: from + 1 === until ? `${until}` : `${from + 1}–${until}` };
  });
};

export function picture(parcel: Parcel, { width = 480, steps = 12, step = "" }: PictureOptions = {}): string {
  const count = parcel.placements.length;
  const draughtsman = new Draughtsman(parcel);
  const large = draughtsman.draw(width, { until: count, from: 0 });
  const small = stepsOf(count, steps).map((one) => ({ ...one, drawing: draughtsman.draw(width / columns, one) }));
  const top = large.height + 8;
  const cell = (small[0]?.drawing.height ?? 0) + 20;
  const parts = [shapes(large)];
  for (const [index, { label, drawing }] of small.entries()) {
    const x = (index % columns) * (width / columns);
    const y = top + Math.floor(index / columns) * cell;
    parts.push(
      `<g transform="translate(${pixel(x)} ${pixel(y)})"><text x="4" y="12">${escaped(`${step} ${label}`.trim())}</text>`,
      `<g transform="translate(0 16)">${shapes(drawing)}</g></g>`,
    );
  }
  const height = pixel(top + Math.ceil(small.length / columns) * cell);
  const title = `${parcel.carton ?? ""} ${parcel.length / 10} × ${parcel.width / 10} × ${parcel.height / 10} mm`.trim();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${pixel(width)} ${height}" width="${pixel(width)}" height="${height}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escaped(title)}</title>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

function shapes({ box, pieces, edges }: Drawing): string {
  const inside = pieces.map(
    ({ placement, faces }) =>
      `<g><title>${escaped(`${placement.item} (${placement.step})`)}</title>${faces.map(polygon).join("")}</g>`,
  );
  const near = edges.map((line) => `<polyline points="${pointsOf(line)}" fill="none" stroke="#8a8270" stroke-dasharray="3 3"/>`);
  return [...box.map(polygon), ...inside, ...near].join("");
}

function polygon({ points, fill, opacity }: Face): string {
  return `<polygon points="${pointsOf(points)}" fill="${fill}" fill-opacity="${opacity}" stroke="#333" stroke-width="0.6" stroke-linejoin="round"/>`;
}

function pointsOf(points: readonly Point[]): string {
  return points.map(([x, y]) => `${pixel(x)},${pixel(y)}`).join(" ");
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
