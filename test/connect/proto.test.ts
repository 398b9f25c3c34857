/**
 * The published .proto under public tools: `buf lint` (its STANDARD and COMMENTS rules, nothing switched off), `buf build` and Debian's protoc. What they make
 * of the text is what reflection tells.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { clearField, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import bank from "../../services/bank/index.ts";
import delivery from "../../services/delivery/index.ts";
import platform from "../../services/platform/index.ts";
import { compile } from "../../src/contract/compile.ts";
import type { Contract } from "../../src/contract/contract.ts";
import { readLock } from "../../src/contract/lock/index.ts";
import { kindsContract } from "../../src/contract/protobuf/kinds.arbitrary.ts";
import { type ProtoService, protoOf } from "../../src/contract/protobuf/index.ts";
import bazaar from "../channels/bazaar.ts";

/** The program of buf's package for this platform; undefined where it has none. */
const buf = ((): string | undefined => {
  const arch = process.arch === "arm64" && process.platform === "linux" ? "aarch64" : process.arch;
  try {
    const path = createRequire(import.meta.url).resolve(`@bufbuild/buf-${process.platform}-${arch}/package.json`);
    return join(dirname(path), "bin", process.platform === "win32" ? "buf.exe" : "buf");
  } catch {
    return undefined;
  }
})();
// Left out where the package has no program for this platform; its name says so.
const bufTest = buf === undefined ? test.skip : test;
const bufNote = buf === undefined ? " (needs @bufbuild/buf for this platform)" : "";

const protoc = Bun.which("protoc");
// Left out where protoc is not installed; its name says so.
const protocTest = protoc === null ? test.skip : test;
const protocNote =
  protoc === null ? " (needs protoc in PATH; on Debian: apt-get install -y protobuf-compiler libprotobuf-dev)" : "";

const run = async (command: readonly string[], cwd: string): Promise<{ readonly code: number; readonly out: string }> => {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  const [out, error, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out: `${out}${error}` };
};

const lockPath = (service: string): string => join(import.meta.dir, `../../services/${service}/contract.lock`);

const locked = async (contract: Contract): Promise<readonly ProtoService[]> => {
  const numbers = (await readLock(lockPath(contract.service)))?.numbers ?? {};
  return [contract.version, ...contract.older.map(({ name }) => name)].map((version) => protoOf(contract, version, numbers));
};

describe("the published .proto", () => {
  let folder: string;
  let protos: readonly ProtoService[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pons-proto-"));
    const contracts = [compile(bank), compile(delivery), compile(platform), compile(bazaar), kindsContract()];
    protos = (await Promise.all(contracts.map(locked))).flat();
    await writeFile(join(folder, "buf.yaml"), "version: v2\nlint:\n  use: [STANDARD, COMMENTS]\n");
    for (const { fileName, text } of protos) {
      await mkdir(join(folder, dirname(fileName)), { recursive: true });
      await writeFile(join(folder, fileName), text);
    }
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  /** As reflection tells it, without what only compilers add. */
  const compare = (set: FileDescriptorSet): void => {
    for (const { fileName, files } of protos) {
      const made = set.file.find(({ name }) => name === fileName);
      const own = files.get(fileName);
      if (made === undefined || own === undefined) throw new Error(`${fileName} is missing`);
      clearField(made, FileDescriptorProtoSchema.field.sourceCodeInfo);
      expect(toJson(FileDescriptorProtoSchema, fromBinary(FileDescriptorProtoSchema, own))).toEqual(
        toJson(FileDescriptorProtoSchema, made),
      );
    }
  };

  test("is there for every version of every service", () => {
    expect(protos.map(({ fullName }) => fullName)).toEqual([
      "bank.v2.BankService",
      "bank.v1.BankService",
      "delivery.v1.DeliveryService",
      "platform.v1.PlatformService",
      "bazaar.v2.BazaarService",
      "bazaar.v1.BazaarService",
      "kinds.v1.KindsService",
    ]);
    for (const { text } of protos) expect(text).not.toMatch(/ = 0;\n(?<!UNSPECIFIED = 0;\n)|undefined|NaN|\[object/);
  });

  bufTest(`buf lint finds nothing${bufNote}`, async () => {
    expect(await run([buf ?? "", "lint"], folder)).toEqual({ code: 0, out: "" });
  });

  bufTest(`buf build makes of it what reflection tells${bufNote}`, async () => {
    const built = join(folder, "built.binpb");
    expect(await run([buf ?? "", "build", "-o", built, "--as-file-descriptor-set"], folder)).toEqual({ code: 0, out: "" });
    compare(fromBinary(FileDescriptorSetSchema, await Bun.file(built).bytes()));
  });

  protocTest(`protoc makes of it what reflection tells${protocNote}`, async () => {
    const built = join(folder, "protoc.set");
    const files = protos.map(({ fileName }) => fileName);
    expect(await run([protoc ?? "", "-I.", `--descriptor_set_out=${built}`, ...files], folder)).toEqual({ code: 0, out: "" });
    compare(fromBinary(FileDescriptorSetSchema, await Bun.file(built).bytes()));
  });

  test("a field for every field that anyone may read, a method for every operation", () => {
    for (const contract of [compile(bank), compile(delivery), compile(platform)]) {
      const [proto] = protos.filter(({ package: name }) => name === `${contract.service}.${contract.version}`);
      const called = new Set([...(proto?.methods.values() ?? [])].map(({ operation }) => operation.name));
      expect([...contract.operations.keys()].filter((name) => !called.has(name))).toEqual([]);
      for (const { operation, name, streaming } of proto?.methods.values() ?? []) {
        if (operation.action !== "list" || streaming !== "none") continue;
        expect(proto?.methods.get(name.replace(/^List/, "Export"))?.streaming).toBe("server");
      }
    }
  });
});
