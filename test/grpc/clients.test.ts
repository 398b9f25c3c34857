/** Clients that others wrote, each in its own process: grpc-js in Node, over nghttp2, and gRPC's core by Python. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { testDatabases } from "../postgres/index.ts";
import { type Hall, openHall } from "./hall.ts";
import { descriptorsOf } from "./reflect.ts";

const [sqlite] = testDatabases().filter(({ engine }) => engine === "sqlite");
const clientMsMax = 30_000;

/** Debian's Python, for which Debian has gRPC: `apt-get install python3-grpcio python3-protobuf`. */
const python = ["/usr/bin/python3", Bun.which("python3")].find(
  (path) =>
    path !== null &&
    path !== undefined &&
    Bun.spawnSync([path, "-c", "import grpc, google.protobuf"], { stderr: "ignore" }).exitCode === 0,
);
const node = Bun.which("node");

describe("other clients", () => {
  let hall: Hall;
  let folder: string;
  let described: string;
  beforeAll(async () => {
    if (sqlite === undefined) throw new Error("no engine");
    hall = await openHall(await sqlite.create());
    folder = mkdtempSync(join(tmpdir(), "pons-grpc-"));
    described = join(folder, "bazaar.pb");
    const writer = new BinaryWriter();
    for (const file of await descriptorsOf(hall.port, "bazaar.v2.BazaarService"))
      writer.tag(1, WireType.LengthDelimited).bytes(file);
    writeFileSync(described, writer.finish());
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await hall[Symbol.asyncDispose]();
    expect(hall.nodes.errors).toEqual([]);
  });

  const run = async (command: readonly string[]): Promise<Record<string, unknown>> => {
    const child = Bun.spawn([...command, `127.0.0.1:${hall.port}`, hall.keys.seller, described], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const timer = setTimeout(() => child.kill(), clientMsMax);
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    clearTimeout(timer);
    if (code !== 0) throw new Error(`${command[0]}: ${code} ${err}`);
    return JSON.parse(out) as Record<string, unknown>;
  };

  // Whoever develops may have Bun alone.
  const nodeTest = node === null ? test.skip : test;
  nodeTest(
    `grpc-js in Node${node === null ? " (needs node in PATH)" : ""}`,
    async () => {
      const { rows, ...told } = await run([node ?? "", join(import.meta.dir, "client-in-node.mjs")]);
      expect(told).toEqual({
        price: "9007199254740993",
        manyCode: 0,
        verdicts: 500,
        refused: 5,
        listedCode: 0,
        late: { code: 4 },
        missing: { code: 5 },
        exact: 300,
      });
      expect(rows).toBeGreaterThanOrEqual(496);
    },
    clientMsMax,
  );

  // gRPC's core is Debian's to install; .ci/run does.
  const pythonTest = python === undefined ? test.skip : test;
  pythonTest(
    `gRPC's core by Python${python === undefined ? " (needs Debian's python3-grpcio and python3-protobuf)" : ""}`,
    async () => {
      const { rows, ...told } = await run([python ?? "", join(import.meta.dir, "client.py")]);
      expect(told).toEqual({
        price: "9007199254740993",
        requestId: true,
        verdicts: 500,
        refused: 5,
        order: ["Ware 0", "Ware 1", "Ware 2"],
        missing: "NOT_FOUND",
        nobody: "UNAUTHENTICATED",
        late: "DEADLINE_EXCEEDED",
        exact: 300,
        empty: 0,
      });
      expect(rows).toBeGreaterThanOrEqual(496);
    },
    clientMsMax,
  );
});
