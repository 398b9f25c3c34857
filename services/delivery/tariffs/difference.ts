/** One difference between versions: entries of lists are named by their id, not by their place: `services[courier].limits.weightMax`. */
export interface Change {
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  readonly before?: unknown;
  readonly after?: unknown;
}
