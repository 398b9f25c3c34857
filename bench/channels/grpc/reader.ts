/**
 * Reads all rows of a list, over gRPC or as NDJSON over REST, from a process of its own. Reads one Job as JSON from standard input, writes an Exported to standard output.
 * Exit 1 when the stream does not end well. Rows are counted, and every thousandth one is read; their ids must go up.
 */
import { accountOf, grpcPaths } from "../calls/forms.ts";
import { Http2Client } from "../calls/http2-client.ts";
import type { Where } from "../calls/links.ts";

export interface Job {
  readonly by: "grpc" | "ndjson";
  readonly where: Where;
}

export interface Exported {
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  /** From the call to the first bytes. */
  readonly firstMs: number;
}

const sampleEvery = 1_000;
const prefixBytes = 5;
const newline = 10;

const fail = (why: string): never => {
  process.stderr.write(`${why}\n`);
  process.exit(1);
};

let rows = 0;
let lastId = "";
const take = (idOf: () => unknown): void => {
  if (rows++ % sampleEvery !== 0) return;
  const id = idOf();
  if (typeof id !== "string" || id <= lastId) fail(`row ${rows}: ${String(id)} after ${lastId}`);
  lastId = String(id);
};

/** What is not whole is kept until the rest comes. */
abstract class Parser {
  #held: Buffer | undefined;

  push(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const at = this.takeAll(bytes);
    this.#held = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined;
  }

  end(): void {
    if (this.#held !== undefined) fail("the stream ends within a row");
  }

  /** How many bytes were taken. */
  protected abstract takeAll(bytes: Buffer): number;
}

class Messages extends Parser {
  protected override takeAll(bytes: Buffer): number {
    let at = 0;
    while (bytes.length - at >= prefixBytes) {
      const end = at + prefixBytes + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#message(bytes.subarray(at + prefixBytes, end));
      at = end;
    }
    return at;
  }

  /** `repeated Account accounts = 1`, and nothing else. */
  #message(message: Buffer): void {
    for (let at = 0; at < message.length;) {
      if (message[at++] !== 0x0a) fail("not a row");
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = message[at++] ?? fail("a row without an end");
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const row = message.subarray(at, (at += length));
      take(() => accountOf(row).id);
    }
  }
}

class Lines extends Parser {
  protected override takeAll(bytes: Buffer): number {
    let at = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
      const line = bytes.subarray(at, end);
      take(() => (JSON.parse(line.toString()) as { readonly id?: unknown }).id);
      at = end + 1;
    }
    return at;
  }
}

const job = (await Bun.stdin.json()) as Job;
const { hostname, port, grpcPort, key } = job.where;
let [bytes, firstMs] = [0, 0];
const startedMs = performance.now();
const parser = job.by === "grpc" ? new Messages() : new Lines();
const heard = (chunk: Buffer): void => {
  if (bytes === 0) firstMs = performance.now() - startedMs;
  bytes += chunk.length;
  parser.push(chunk);
};
if (job.by === "grpc") {
  const client = await Http2Client.open({ hostname, port: grpcPort, path: grpcPaths.export, key }, (error) =>
    fail(error.message),
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  client.send(
    Buffer.alloc(0),
    ({ status, explanation }) => (status === "0" ? resolve() : fail(`status ${status}: ${explanation}`)),
    heard,
  );
  await promise;
} else {
  const answer = await fetch(`http://${hostname}:${port}/desk/v1/accounts`, {
    headers: { authorization: `Bearer ${key}`, accept: "application/x-ndjson" },
  });
  if (answer.status !== 200 || answer.body === null) fail(`${answer.status} ${await answer.text()}`);
  for await (const chunk of answer.body as ReadableStream<Uint8Array>)
    heard(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
}
parser.end();
const exported: Exported = { rows, bytes, seconds: (performance.now() - startedMs) / 1_000, firstMs };
process.stdout.write(JSON.stringify(exported));
process.exit(0);
