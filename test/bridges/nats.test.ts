/** The bridge to NATS JetStream, against a real nats-server. */
import { expect } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { writeCertificate } from "../host/certificate.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import { bridged, until } from "./bridged.ts";
import { type NatsMessage, natsTest as test, startNats } from "./nats-server.ts";

const idsOf = (messages: readonly NatsMessage[]): string[] => messages.map(({ event }) => String(event["id"]));

forEachEngine((engine) => {
  test("each event is a CloudEvent on a subject of its own, in order, with an id by which it is known", async () => {
    await using nats = await startNats();
    await using works = await bridged(await engine.create(), { PONS_NATS_URL: nats.url });
    await works.emit(20);
    await works.sent(20);
    const messages = await nats.messages();
    expect(idsOf(messages)).toEqual(await works.emitted());
    const { realm } = works.running;
    const [first] = messages;
    const { order: row } = (first?.event["data"] ?? {}) as { order?: string };
    expect(first).toEqual({
      subject: "pons.demo.sandbox.works.orders.placed",
      id: `${realm}:1-0`,
      contentType: "application/cloudevents+json; charset=UTF-8",
      event: {
        specversion: "1.0",
        id: "1-0",
        source: "https://api.example.com/works/v1/demo/sandbox",
        type: "works.orders.placed",
        subject: row,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        datacontenttype: "application/json",
        sequence: "1-0",
        tenant: "demo",
        environment: "sandbox",
        partitionkey: row,
        data: { order: row, customer: "somebody" },
      },
    });
  });

  test("it goes on from where it stood, also from before it was there for the first time", async () => {
    await using nats = await startNats();
    await using works = await bridged(await engine.create(), { PONS_NATS_URL: nats.url }, { isStarted: false });
    await works.emit(30);
    await works.restart();
    await works.sent(30);
    await works.bridges.stop();
    await works.emit(30);
    await works.restart();
    await works.sent(30);
    expect(idsOf(await nats.messages())).toEqual(await works.emitted());
    const [stored] = await works.running.store.admin.query(
      `SELECT seq FROM pons_jobs WHERE name = 'bridge.nats' AND realm = ${works.running.realm}`,
    );
    await until(async () => Number(stored?.["seq"]) <= (await works.running.lastSeq()), "the position");
  });

  test("the server is killed again and again, and is silent for a while: all events are there, in order, none twice", async () => {
    await using nats = await startNats();
    await using works = await bridged(await engine.create(), { PONS_NATS_URL: nats.url });
    const ending = new AbortController();
    const emitting = (async () => {
      for (; !ending.signal.aborted; await Bun.sleep(2)) await works.emit(9);
    })();
    for (let round = 0; round < 4; round++) {
      const before = works.bridges.status()[0]?.sent ?? 0;
      await works.sent(before + 20);
      await nats.kill();
      await Bun.sleep(Math.random() * 200);
      await nats.start();
    }
    await works.sent((works.bridges.status()[0]?.sent ?? 0) + 20);
    nats.freeze();
    await Bun.sleep(100);
    nats.go();
    ending.abort();
    await emitting;
    const emitted = await works.emitted();
    await until(async () => (await nats.messages()).length >= emitted.length, "all are there");
    expect(idsOf(await nats.messages())).toEqual(emitted);
    expect(works.log.filter((line) => line.includes('"bridge_away"') && line.includes('"warn"')).length).toBeGreaterThan(1);
    expect(works.log.filter((line) => line.includes('"bridge_connected"')).length).toBeGreaterThan(2);
  });

  test("what is told twice is there once: the stream knows it by its id", async () => {
    await using nats = await startNats();
    await using works = await bridged(await engine.create(), { PONS_NATS_URL: nats.url });
    await works.emit(25);
    await works.sent(25);
    await works.bridges.stop();
    // As if the node had been killed behind the broker's answer, before it wrote down where it stands.
    await works.running.store.admin.query("UPDATE pons_jobs SET seq = 3, item = 0 WHERE name = 'bridge.nats'");
    await works.restart();
    await works.sent(15);
    expect(idsOf(await nats.messages())).toEqual(await works.emitted());
  });

  test("who may not connect is told why, and not with what; what is too large for the server comes without its data", async () => {
    const user = { user: "pons", pass: "a b/c" };
    await using nats = await startNats(`max_payload: 4096\nauthorization { user: ${user.user}, password: "${user.pass}" }`);
    await using refused = await bridged(await engine.create(), { PONS_NATS_URL: nats.url.replace("//", "//pons:wrong-one@") });
    await until(() => refused.log.some((line) => line.includes("bridge_away")), "it is refused");
    expect(refused.log.join("")).toMatch(/authorization/i);
    expect(refused.log.join("")).not.toContain("wrong-one");
    await refused.bridges.stop();
    const address = nats.url.replace("//", "//pons:a%20b%2Fc@");
    await using works = await bridged(await engine.create(), { PONS_NATS_URL: address, PONS_EVENTS_PREFIX: "acme.events" });
    const { data } = (await works.running.call("orders.create", { body: { customer: "x" } })) as { data: { id: string } };
    for (const notes of [["x".repeat(5_000), "small"], ["small"]])
      await works.running.call("orders.poke", { id: data.id, body: { notes } });
    await works.sent(4);
    const messages = await nats.messages("ACME_EVENTS", user);
    expect(messages.map(({ subject }) => subject)).toEqual([
      "acme.events.demo.sandbox.works.orders.placed",
      ...Array.from({ length: 3 }, () => "acme.events.demo.sandbox.works.orders.poked"),
    ]);
    expect(messages.map(({ event }) => [event["dataomitted"], "data" in event])).toEqual([
      [undefined, true],
      ["too_large", false],
      [undefined, true],
      [undefined, true],
    ]);
    expect(works.log.join("")).not.toContain("a b/c");
  });
});

test("over TLS, by the authority that is named; another one is not trusted", async () => {
  const [engine] = testDatabases();
  if (engine === undefined) throw new Error("no database");
  using folder = new TemporaryFolder();
  const { cert, key } = writeCertificate(folder.path);
  await using nats = await startNats(`tls { cert_file: ${JSON.stringify(cert)}, key_file: ${JSON.stringify(key)} }`);
  const address = `tls://localhost:${nats.port}`;
  await using works = await bridged(await engine.create(), {
    PONS_NATS_URL: `${address}?ca=${encodeURIComponent(cert)}&stream=SAFE`,
  });
  await works.emit(10);
  await works.sent(10);
  const messages = await nats.messages("SAFE", { servers: `localhost:${nats.port}`, tls: { caFile: cert } });
  expect(idsOf(messages)).toEqual(await works.emitted());
  await using wary = await bridged(await engine.create(), { PONS_NATS_URL: address });
  await until(() => wary.log.some((line) => line.includes("bridge_away")), "it is refused");
  expect(wary.log.join("")).toMatch(/certificate/i);
});
