/**
 * From the segments of an address to its endpoint: map look-ups, one per segment.
 *
 * The last segment may end with the extension of a format (`/users.xml`, `/users/25.json`): names are camelCase and ids are made of letters,
 * digits, "_" and "-", so a dot never belongs to either. An unknown extension stays part of the segment (and then nothing is found). A trailing
 * slash, an empty segment or another case is another address, which does not exist.
 */
import type { Address } from "./endpoint.ts";
import { formatByExtension } from "./formats/index.ts";
import type { Format } from "./formats/index.ts";
import type { RouteTable } from "./route-table.ts";

export interface Match {
  readonly address: Address;
  /** Name of the collection, where there is one. */
  readonly collection: string | undefined;
  /** Id of the item, of the parent of a related collection, or of the job. */
  readonly id: string | undefined;
  /** Id after a relation: `/users/{id}/roles/{relatedId}`. */
  readonly relatedId: string | undefined;
  /** Asked for by an extension. */
  readonly format: Format | undefined;
}

const segmentsMax = 4;

/** The address of `segments` from position `from` on (after service and version), or undefined when there is none. */
export const route = (table: RouteTable, segments: readonly string[], from: number): Match | undefined => {
  const count = segments.length - from;
  if (count < 1 || count > segmentsMax) return undefined;
  const last = segments[segments.length - 1] as string;
  const dot = last.lastIndexOf(".");
  const format = dot <= 0 ? undefined : formatByExtension(last.slice(dot + 1));
  const end = format === undefined ? last : last.slice(0, dot);
  const at = (position: number): string => (position === count - 1 ? end : (segments[from + position] as string));

  const name = at(0);
  const found = (address: Address | undefined, id?: string, relatedId?: string): Match | undefined =>
    address === undefined ? undefined : { address, collection: name, id, relatedId, format };
  const collection = table.collections.get(name);
  if (collection === undefined) {
    if (count === 1) return found(table.alone.get(name));
    return count === 2 && name === "jobs" && at(1) !== "" ? found(table.job, at(1)) : undefined;
  }
  if (count === 1) return found(collection.address);
  const second = at(1);
  if (second === "") return undefined;
  if (count === 2) {
    const member = collection.members.get(second);
    return member === undefined ? found(collection.item, second) : found(member);
  }
  const third = at(2);
  if (second === "stats" && count === 3) return found(collection.stats.get(third));
  const member = collection.itemMembers.get(third);
  if (count === 3) return found(member?.address, second);
  const fourth = at(3);
  return fourth === "" ? undefined : found(member?.related, second, fourth);
};
