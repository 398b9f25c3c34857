/** What stands beside the services: health and reflection, as load balancers and tools ask for them; the end of a server; TLS and certificates of clients. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as grpc from "@grpc/grpc-js";
import { testDatabases } from "../postgres/index.ts";
import { CertificateAuthority } from "../security/certificate-authority.ts";
import { registryOf } from "../channels/drivers/protobuf.ts";
import { listenBare } from "./bare.ts";
import { Client, type Hall, openHall, stubs } from "./hall.ts";
import { ask, descriptorsOf } from "./reflect.ts";

const [sqlite] = testDatabases().filter(({ engine }) => engine === "sqlite");
const create = () => {
  if (sqlite === undefined) throw new Error("no engine");
  return sqlite.create();
};
const names = [
  "archive.v1.ArchiveService",
  "bazaar.v1.BazaarService",
  "bazaar.v2.BazaarService",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "registry.v1.RegistryService",
];

const healthStub = async (port: number): Promise<Client> => {
  const found = (await stubs(port, "grpc.health.v1.Health"))["grpc"] as unknown as {
    health: { v1: { Health: new (a: string, c: grpc.ChannelCredentials) => grpc.Client } };
  };
  return new Client(new found.health.v1.Health(`127.0.0.1:${port}`, grpc.credentials.createInsecure()));
};

describe("health", () => {
  test("Check, List and Watch; services that there are none of", async () => {
    await using hall = await openHall(await create());
    await using health = await healthStub(hall.port);
    for (const service of ["", ...names]) {
      const { status, message } = await health.ask("Check", { service });
      expect([service, status.code, message["status"]]).toEqual([service, 0, "SERVING"]);
    }
    expect((await health.ask("Check", { service: "bazaar.v2.Nothing" })).status.code).toBe(grpc.status.NOT_FOUND);
    const { message } = await health.ask("List", {});
    // protobufjs reads a map of a descriptor as its entries.
    const statuses = message["statuses"] as readonly { key?: string }[];
    expect(statuses.map(({ key = "" }) => key).toSorted()).toEqual(["", ...names]);
    const unknown = health.list("Watch", { service: "nothing" });
    while (unknown.messages.length === 0) await Bun.sleep(1);
    expect(unknown.messages).toEqual([{ status: "SERVICE_UNKNOWN" }]);
    unknown.call.cancel();
  });

  test("who watches is told that the server stops, and the stream ends", async () => {
    const hall = await openHall(await create());
    await using health = await healthStub(hall.port);
    const watching = health.list("Watch", { service: "bazaar.v2.BazaarService" });
    while (watching.messages.length === 0) await Bun.sleep(1);
    expect(await hall.listening.stop({ withinMs: 2_000 })).toBe(true);
    expect((await watching.status).code).toBe(0);
    expect(watching.messages.map(({ status }) => status)).toEqual(["SERVING", "NOT_SERVING"]);
    await hall[Symbol.asyncDispose]();
  });
});

describe("reflection", () => {
  let hall: Hall;
  beforeAll(async () => {
    hall = await openHall(await create());
  });
  afterAll(() => hall[Symbol.asyncDispose]());

  test.each(["v1", "v1alpha"] as const)(
    "%s: the walk of a tool: services, their files, whatever these depend on",
    async (version) => {
      const { replies, trailers } = await ask(hall.port, [[7, ""]], { version });
      expect([replies[0]?.services, trailers["grpc-status"]]).toEqual([names, "0"]);
      for (const name of names) {
        const files = registryOf(await descriptorsOf(hall.port, name));
        const service = files.getService(name);
        expect(service?.methods.length ?? 0).toBeGreaterThan(0);
        // Each message and enum that a method leads to is there.
        for (const method of service?.methods ?? []) {
          expect(files.getMessage(method.input.typeName)).toBeDefined();
          expect(files.getMessage(method.output.typeName)).toBeDefined();
        }
      }
    },
  );

  test("by file, by message, field, enum, value and method; what there is none of", async () => {
    const { replies } = await ask(hall.port, [
      [3, "bazaar/v2/bazaar.proto"],
      [3, "google/protobuf/timestamp.proto"],
      [4, "bazaar.v2.Ware"],
      [4, "bazaar.v2.Ware.name"],
      [4, "bazaar.v2.BazaarService.GetWare"],
      [4, "grpc.health.v1.HealthCheckResponse.ServingStatus"],
      [6, "bazaar.v2.Ware"],
      [3, "nothing.proto"],
      [4, "bazaar.v2.Nothing"],
      [4, ""],
      [6, "bazaar.v2.Nothing"],
    ]);
    expect(replies.map(({ files, error }) => (error === undefined ? files.length > 0 : error.code))).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      5,
      5,
      5,
      5,
    ]);
  });

  test("what is no request ends the stream; so does one that is too long", async () => {
    const { trailers } = await ask(hall.port, [[4, "x".repeat(5_000)]]);
    expect(trailers["grpc-status"]).toBe("8");
  });

  test("SECURITY 65: in production it is for callers who may call something; in development for everybody", async () => {
    await using live = await openHall(await create(), { mode: "production" });
    const asked = async (metadata: Readonly<Record<string, string>>) => {
      const { trailers, replies } = await ask(live.port, [[7, ""]], { metadata });
      return [trailers["grpc-status"], replies.length];
    };
    expect(await asked({})).toEqual(["16", 0]);
    expect(await asked({ authorization: `Bearer ${live.keys.watcher.slice(0, -2)}zz` })).toEqual(["16", 0]);
    expect(await asked({ authorization: `Bearer ${live.keys.watcher}` })).toEqual(["0", 1]);
    const nothing = await live.nodes.grant({ roles: [] });
    expect(await asked({ authorization: `Bearer ${nothing}` })).toEqual(["7", 0]);
    expect((await ask(hall.port, [[7, ""]])).trailers["grpc-status"]).toBe("0");
  });
});

describe("the end of a server", () => {
  test("what is under way is answered; an open stream is told; new calls go elsewhere", async () => {
    const hall = await openHall(await create());
    const client = await hall.client();
    const { message } = await client.ask("CreateStall", { name: "Last" }, { key: hall.keys.seller });
    expect(message["stall"]).toBeDefined();
    const talk = client.talk("CreateStallStream", { key: hall.keys.seller });
    for (let at = 0; at < 50; at++) talk.call.write({ request: { name: `Stop ${at}` } });
    while (talk.messages.length === 0) await Bun.sleep(1);
    const stopped = hall.listening.stop({ withinMs: 3_000 });
    const { code } = await talk.status;
    expect(await stopped).toBe(true);
    // Told to try elsewhere; what was read is answered.
    expect(code).toBe(grpc.status.UNAVAILABLE);
    const listed = await hall.nodes.running.call("stalls.count", { as: hall.nodes.running.caller("seller") });
    expect([listed.ok, talk.messages.length]).toEqual([true, (listed.ok ? Number(listed.data) : 0) - 1]);
    const refused = await client.ask("ListStalls", {}, { key: hall.keys.seller, deadlineMs: 300 });
    expect([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED]).toContain(refused.status.code);
    await client[Symbol.asyncDispose]();
    await hall[Symbol.asyncDispose]();
  });

  test("an export that goes on is cut off when the time is over, and told why", async () => {
    const bare = await listenBare();
    expect(await bare.stop({ withinMs: 0 })).toBe(true);
    const hall = await openHall(await create());
    const client = await hall.client();
    const talk = client.talk("SellWareStream", { key: hall.keys.seller });
    await Bun.sleep(100);
    const began = performance.now();
    expect(await hall.listening.stop({ withinMs: 1_000 })).toBe(true);
    expect((await talk.status).code).toBe(grpc.status.UNAVAILABLE);
    expect(performance.now() - began).toBeLessThan(2_000);
    await client[Symbol.asyncDispose]();
    await hall[Symbol.asyncDispose]();
  });

  test("a connection that is too old is drained, and its client opens another", async () => {
    await using hall = await openHall(await create(), { limits: { connectionAgeMs: 300 } });
    await using client = await hall.client();
    const until = performance.now() + 3_000;
    let calls = 0;
    while (performance.now() < until) {
      const { status } = await client.ask("ListStalls", {}, { key: hall.keys.seller });
      expect(status.code).toBe(0);
      calls++;
      await Bun.sleep(10);
    }
    expect(calls).toBeGreaterThan(20);
  });
});

describe("TLS", () => {
  const authority = new CertificateAuthority("clients");
  const server = authority.issue({ name: "server", usages: ["serverAuth"], hosts: ["127.0.0.1", "localhost"] });
  const app = authority.issue({ name: "app", usages: ["clientAuth"] });

  test("calls over TLS; in the clear nothing is answered; what does not offer h2 is not spoken to", async () => {
    await using hall = await openHall(await create(), { tls: { cert: server.cert, key: server.key } });
    await using plain = await openHall(await create());
    const service = await plain.client();
    const credentials = grpc.credentials.createSsl(Buffer.from(authority.cert));
    const found = (await stubs(plain.port, "bazaar.v2.BazaarService"))["bazaar"] as unknown as {
      v2: { BazaarService: new (a: string, c: grpc.ChannelCredentials) => grpc.Client };
    };
    await using client = new Client(new found.v2.BazaarService(`localhost:${hall.port}`, credentials));
    const { status, message } = await client.ask("Greet", { name: "you" }, { key: hall.keys.watcher });
    expect([status.code, message["text"]]).toEqual([0, "Hello you"]);
    await using clear = new Client(new found.v2.BazaarService(`localhost:${hall.port}`, grpc.credentials.createInsecure()));
    expect((await clear.ask("Greet", { name: "you" }, { key: hall.keys.watcher, deadlineMs: 500 })).status.code).not.toBe(0);
    await service[Symbol.asyncDispose]();
  });

  test("SECURITY 11: a client's certificate is a credential; one that does not count ends the connection", async () => {
    const strangers = new CertificateAuthority("strangers");
    await using hall = await openHall(await create(), { tls: { cert: server.cert, key: server.key, ca: authority.cert } });
    await using plain = await openHall(await create());
    const found = (await stubs(plain.port, "archive.v1.ArchiveService"))["archive"] as unknown as {
      v1: { ArchiveService: new (a: string, c: grpc.ChannelCredentials) => grpc.Client };
    };
    const asked = async (certificate: { readonly cert: string; readonly key: string } | undefined, key?: string) => {
      const root = Buffer.from(authority.cert);
      const credentials =
        certificate === undefined
          ? grpc.credentials.createSsl(root)
          : grpc.credentials.createSsl(root, Buffer.from(certificate.key), Buffer.from(certificate.cert));
      await using client = new Client(new found.v1.ArchiveService(`localhost:${hall.port}`, credentials));
      const { status } = await client.ask("Look", {}, { deadlineMs: 1_500, ...(key === undefined ? {} : { key }) });
      return status.code;
    };
    const { nodes } = hall;
    const id = "app_certified";
    await nodes.publish("app", id, {
      name: "app",
      owner: null,
      status: "active",
      roles: ["archive:reader"],
      subscriptions: [],
      signers: [],
      secrets: [],
      redirectUris: [],
      grantTypes: [],
      scopes: null,
      isConfidential: true,
    });
    await nodes.publish("certificate", app.fingerprint256, {
      app: id,
      tenant: nodes.tenant,
      environment: "sandbox",
      expiresAt: null,
    });
    expect(await asked(undefined)).toBe(grpc.status.UNAUTHENTICATED);
    expect(await asked(undefined, hall.keys.reader)).toBe(0);
    expect(await asked(app)).toBe(0);
    for (const wrong of [
      strangers.issue({ name: "app", usages: ["clientAuth"] }),
      authority.issue({ name: "app", usages: ["serverAuth"] }),
      authority.issue({ name: "app", usages: ["clientAuth"], untilMs: Date.now() - 1_000 }),
    ]) {
      expect(await asked(wrong, hall.keys.reader)).not.toBe(0);
    }
  });
});
