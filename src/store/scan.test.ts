/** A scan of an engine that answers at once leaves the event loop to others between its chunks. */
import { expect, test } from "bun:test";
import { scanChunks } from "./scan.ts";
import type { Row, RowsShape } from "./store.ts";

const shape: RowsShape = {
  kind: "rows",
  key: "numbers",
  table: { name: "numbers", key: ["id"], columns: [] } as unknown as RowsShape["table"],
  joins: [],
  links: [],
  params: [],
  select: ["id"],
  order: [{ path: ["id"], direction: "asc" }],
};

const chunks = 200;

test("timers fire while it goes on", async () => {
  let read = 0;
  const rows = (): Row[] => {
    read++;
    return read > chunks ? [] : [{ id: String(read) }];
  };
  const scan = scanChunks({ shape, call: { realm: 1, params: [] }, chunk: 1, read: rows });
  let firedAt = 0;
  setTimeout(() => (firedAt = read), 0);
  let seen = 0;
  for await (const chunk of scan) seen += chunk.length;
  expect(seen).toBe(chunks);
  expect(firedAt).toBeGreaterThan(0);
  expect(firedAt).toBeLessThan(chunks);
});
