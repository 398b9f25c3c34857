/**
 * The bridge to Kafka: against a broker of the tests that is as strict as one, killed and cut off at will; and against the broker that librdkafka brings for
 * its own tests, read by its consumer, which check independently that what is sent is what the protocol says.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { forEachEngine } from "../core/harness.ts";
import { writeCertificate } from "../host/certificate.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { bridged, until } from "./bridged.ts";
import { Program, testWith } from "./debian-server.ts";
import { type Kept, startBroker } from "./kafka-broker.ts";
import { crc32c } from "./kafka-wire.ts";

const topic = "pons.demo.sandbox.works";
const kcatTest = testWith("kcat", "PONS_TEST_KCAT");

const idOf = ({ headers }: Pick<Kept, "headers">): string => headers["ce_id"] ?? "";
const number = (id: string): number => Number(id.split("-")[0]) * 1_000 + Number(id.split("-")[1]);
const sorted = (ids: Iterable<string>): string[] => [...ids].toSorted((one, other) => number(one) - number(other));

/** Whether what comes for the first time comes in order; what comes again may come at any time, and is told by its id. */
const firstsInOrder = (ids: readonly string[]): boolean => {
  const seen = new Set<string>();
  let last = -1;
  for (const id of ids) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (number(id) < last) return false;
    last = number(id);
  }
  return true;
};

test("the checksum of the tests is CRC-32C", () => {
  // RFC 3720, appendix B.4.
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

forEachEngine((engine) => {
  test("each event is a CloudEvent in binary mode, by its row in one partition, in order", async () => {
    await using broker = startBroker();
    await using works = await bridged(await engine.create(), { PONS_KAFKA_URL: broker.url });
    await works.emit(60);
    await works.sent(60);
    const partitions = broker.kept(topic);
    const all = partitions.flat();
    expect(sorted(all.map(idOf))).toEqual(await works.emitted());
    expect(broker.problems).toEqual([]);
    const first = all.find((record) => idOf(record) === "1-0");
    const { order } = JSON.parse(first?.value ?? "{}") as { order: string };
    expect(first).toMatchObject({
      key: order,
      value: JSON.stringify({ order, customer: "somebody" }),
      headers: {
        ce_specversion: "1.0",
        ce_id: "1-0",
        ce_source: "https://api.example.com/works/v1/demo/sandbox",
        ce_type: "works.orders.placed",
        ce_subject: order,
        ce_sequence: "1-0",
        ce_tenant: "demo",
        ce_environment: "sandbox",
        ce_partitionkey: order,
        "content-type": "application/json",
      },
    });
    expect(partitions.filter(({ length }) => length > 0).length).toBeGreaterThan(1);
    for (const records of partitions) expect(firstsInOrder(records.map(idOf))).toBe(true);
    const partitionsOf = new Map<string | null, Set<number>>();
    for (const { key, partition } of all) partitionsOf.set(key, (partitionsOf.get(key) ?? new Set()).add(partition));
    for (const found of partitionsOf.values()) expect(found.size).toBe(1);
  });

  test("the broker is killed, cuts off and is not the leader, again and again: all are there, in order; what comes twice is told by its id", async () => {
    await using broker = startBroker();
    await using works = await bridged(await engine.create(), { PONS_KAFKA_URL: broker.url });
    broker.fault = () => (Math.random() < 0.1 ? "cut" : Math.random() < 0.1 ? "notLeader" : undefined);
    const ending = new AbortController();
    const emitting = (async () => {
      for (; !ending.signal.aborted; await Bun.sleep(5)) await works.emit(9);
    })();
    for (let round = 0; round < 2; round++) {
      await works.sent((works.bridges.status()[0]?.sent ?? 0) + 30);
      broker.kill();
      await Bun.sleep(100);
      broker.start();
    }
    await works.sent((works.bridges.status()[0]?.sent ?? 0) + 30);
    ending.abort();
    await emitting;
    broker.fault = () => undefined;
    const emitted = await works.emitted();
    const ids = (): Set<string> => new Set(broker.kept(topic).flat().map(idOf));
    await until(() => ids().size >= emitted.length, "all are there");
    expect(sorted(ids())).toEqual(emitted);
    for (const records of broker.kept(topic)) expect(firstsInOrder(records.map(idOf))).toBe(true);
    expect(broker.problems.filter((problem) => !problem.includes("sequence"))).toEqual([]);
  });
});

test("over TLS, and with a login: who is not let in is told why, and not with what", async () => {
  const [engine] = testDatabases();
  if (engine === undefined) throw new Error("no database");
  using folder = new TemporaryFolder();
  const paths = writeCertificate(folder.path);
  const tls = { cert: readFileSync(paths.cert, "utf8"), key: readFileSync(paths.key, "utf8") };
  await using broker = startBroker({ tls, login: { user: "pons", password: "a b/c" } });
  const address = (login: string): string => `${broker.url.replace("//", `//${login}@`)}?ca=${encodeURIComponent(paths.cert)}`;
  await using works = await bridged(await engine.create(), { PONS_KAFKA_URL: address("pons:a%20b%2Fc") });
  await works.emit(20);
  await works.sent(20);
  expect(sorted(broker.kept(topic).flat().map(idOf))).toEqual(await works.emitted());
  await works.bridges.stop();
  await using refused = await bridged(await engine.create(), { PONS_KAFKA_URL: address("pons:wrong-one") });
  await until(() => refused.log.some((line) => line.includes("bridge_away")), "it is refused");
  expect(refused.log.join("")).toMatch(/authentication/i);
  expect(refused.log.join("")).not.toContain("wrong-one");
  // Whoever signed the certificate is not known.
  await using wary = await bridged(await engine.create(), { PONS_KAFKA_URL: broker.url.replace("//", "//pons:a%20b%2Fc@") });
  await until(() => wary.log.some((line) => line.includes("bridge_away")), "it is refused");
  expect(wary.log.join("")).toMatch(/certificate/i);
});

kcatTest("librdkafka's broker takes it and its consumer reads it, with its checksums", async () => {
  const [engine] = testDatabases();
  if (engine === undefined) throw new Error("no database");
  await using consumer = new Program();
  const settings = ["test.mock.num.brokers=1", "check.crcs=true"].flatMap((setting) => ["-X", setting]);
  await consumer.start(["kcat", "-C", "-b", "none:1", ...settings, "-d", "mock", "-t", topic, "-J", "-u"]);
  const servers = /bootstrap\.servers=([\d.:,]+)/;
  await until(() => servers.test(consumer.errors), "a broker");
  const [, address = ""] = servers.exec(consumer.errors) ?? [];
  await using works = await bridged(await engine.create(), { PONS_KAFKA_URL: `kafka://${address}?idempotent=false` });
  await works.emit(100);
  await works.sent(100);
  const emitted = await works.emitted();
  interface Consumed {
    readonly key: string;
    readonly payload: string;
    readonly headers: readonly string[];
  }
  const consumed = (): readonly Consumed[] =>
    consumer.output
      .split("\n")
      .filter((line) => line.startsWith('{"topic"') && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Consumed);
  await until(() => consumed().length >= emitted.length, "all are read");
  const headersOf = ({ headers }: Consumed): Record<string, string> =>
    Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? ""]] : [])));
  expect(sorted(consumed().map((message) => headersOf(message)["ce_id"] ?? ""))).toEqual(emitted);
  for (const message of consumed()) expect(headersOf(message)["ce_subject"]).toBe(message.key);
});
