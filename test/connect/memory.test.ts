/** Exports at constant memory: what a reader has not taken yet is not made yet, and however many rows there are, the server holds a few of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import { connect } from "node:net";
import { forEachEngine } from "../core/harness.ts";
import { type Bazaar, openBazaar } from "./bazaar.ts";
import { framed } from "./wire.ts";

const mebibyte = 1024 * 1024;
const rows = 16_000;
const rowsPerBatch = 500;
const minute = 60_000;
/** What stands once in a row's answer. */
const mark = '"name":"Big ';

/** Bytes of all rows, at the least. */
const bytesMin = 24 * mebibyte;

interface Read {
  readonly bytes: number;
  readonly found: number;
}

/** What is held, in bytes: all that is alive, and what the process has of the machine. */
const held = (): { readonly alive: number; readonly resident: number } => {
  Bun.gc(true);
  const { heapSize, extraMemorySize } = heapStats();
  return { alive: heapSize + extraMemorySize, resident: process.memoryUsage().rss };
};

forEachEngine((engine) => {
  describe("an export of many rows", () => {
    let bazaar: Bazaar;
    beforeAll(async () => {
      bazaar = await openBazaar(await engine.create());
      // Two kilobytes a row.
      const note = "𝄞".repeat(400);
      for (let from = 0; from < rows; from += rowsPerBatch) {
        const body = Array.from({ length: rowsPerBatch }, (_, at) => ({
          stall: bazaar.stall,
          name: `Big ${from + at}`,
          price: at,
          note,
        }));
        const made = await bazaar.plane.ask("/bazaar/v2/wares", { key: bazaar.seller, method: "POST", body });
        expect(made.status).toBe(200);
      }
    }, 2 * minute);
    afterAll(async () => {
      expect(bazaar.plane.errors).toEqual([]);
      await bazaar[Symbol.asyncDispose]();
    });

    /** Reads the rows whose names begin so, byte by byte as they come; nothing is kept of them. */
    const read = async (prefix: string, onPiece: (bytes: number) => Promise<void> | undefined): Promise<Read> => {
      const filter = { field: "name", operator: "OPERATOR_STARTS_WITH", values: [prefix] };
      const body = framed(Buffer.from(JSON.stringify({ filters: [filter] })));
      const { hostname, port } = new URL(bazaar.origin);
      const head = [
        "POST /bazaar.v2.BazaarService/ExportWares HTTP/1.1",
        `host: ${hostname}:${port}`,
        `authorization: Bearer ${bazaar.seller}`,
        "content-type: application/connect+json",
        `content-length: ${body.length}`,
        "connection: close",
      ];
      const socket = connect(Number(port), hostname);
      socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
      let bytes = 0;
      let found = 0;
      let rest = "";
      for await (const piece of socket as AsyncIterable<Buffer>) {
        bytes += piece.length;
        const text = rest + piece.toString("latin1");
        found += text.split(mark).length - 1;
        // What may be the first part of one.
        rest = text.slice(1 - mark.length);
        await onPiece(bytes);
      }
      return { bytes, found };
    };

    test(
      "a reader who pauses holds it up, and its second half takes no more memory than its first",
      async () => {
        await read("Big 15", () => undefined);
        const before = held();
        const halves: { alive: number; resident: number }[] = [];
        let half = { alive: 0, resident: 0 };
        let next = mebibyte;
        const { bytes, found } = await read("Big ", async (soFar) => {
          if (soFar < next) return;
          // The first time there is time to make all of it, if nothing held it up.
          if (halves.length === 0) await Bun.sleep(2_000);
          if (halves.length === 0 || (halves.length === 1 && soFar > bytesMin / 2))
            halves.push((half = { alive: 0, resident: 0 }));
          next += mebibyte;
          const { alive, resident } = held();
          half.alive = Math.max(half.alive, alive - before.alive);
          half.resident = Math.max(half.resident, resident - before.resident);
        });
        const [first, second] = halves;
        if (first === undefined || second === undefined) throw new Error(`it came in too few pieces: ${bytes} bytes`);
        expect(found).toBe(rows);
        expect(bytes).toBeGreaterThan(bytesMin);
        const wrong = [
          first.alive > bytesMin / 2 && "much of it was alive at once",
          first.resident > bytesMin && "the process grew by all of it",
          second.alive > first.alive + 2 * mebibyte && "the second half keeps more alive than the first",
          second.resident > first.resident + bytesMin / 2 && "the process grows with what was sent",
        ].filter(Boolean);
        expect([wrong, wrong.length === 0 ? [] : halves]).toEqual([[], []]);
      },
      2 * minute,
    );
  });
});
