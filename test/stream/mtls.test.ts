/** Streams over the listener for clients with certificates: the certificate is the credential of the connection. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRest } from "../../src/channels/rest/index.ts";
import { Peer } from "../../src/host/connection.ts";
import { listenMtls, type MtlsListening } from "../../src/host/mtls.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { testDatabases } from "../postgres/index.ts";
import { CertificateAuthority } from "../security/certificate-authority.ts";
import { EventReader, type Told } from "./client.ts";
import { type Office, openOffice } from "./office.ts";

describe("clients with certificates", () => {
  const clients = new CertificateAuthority("clients");
  const servers = new CertificateAuthority("servers");
  const { cert, key, fingerprint256 } = clients.issue({ name: "app", usages: ["clientAuth"] });
  const app = `app_${newIdentifier()}`;
  const tls = { cert, key, ca: servers.cert };
  let office: Office;
  let mtls: MtlsListening;
  beforeAll(async () => {
    const sqlite = testDatabases().find(({ engine }) => engine === "sqlite");
    if (sqlite === undefined) throw new Error("there is no SQLite");
    office = await openOffice(await sqlite.create(), { limits: { tickMs: 50 } });
    const { channel, app: running } = office.at(0);
    const rest = createRest({
      contracts: [...running.contracts.values()],
      pipeline: running.pipeline,
      channels: new Map([["stream", channel]]),
    });
    mtls = await listenMtls({
      host: "127.0.0.1",
      port: 0,
      ...servers.issue({ name: "server", usages: ["serverAuth"], hosts: ["localhost", "127.0.0.1"] }),
      ca: clients.cert,
      handle: (request, { address, certificate }, server) =>
        rest.handle(request, new Peer(server, request, { address, certificate: certificate.fingerprint256 })),
      onError: (error) => void office.errors.push(error),
    });
    const id = `crt_${newIdentifier()}`;
    await office.publish("certificate", fingerprint256, {
      id,
      app,
      environment: "sandbox",
      expiresAt: "2999-01-01T00:00:00.000Z",
    });
    await office.publish("app", app, {
      owner: null,
      status: "active",
      roles: ["post:clerk"],
      signers: [],
      secrets: [],
      subscriptions: [],
    });
  });
  afterAll(async () => {
    expect(office.errors).toEqual([]);
    await office.at(0).channel.close?.();
    await mtls.stop({ withinMs: 0 });
    await office[Symbol.asyncDispose]();
  });

  test("a WebSocket and an event stream, with nothing shown but the certificate", async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${mtls.port}/post/v2/stream`, { tls, protocols: ["pons.v1"] });
    const told: Told[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.addEventListener("message", ({ data }) => {
      told.push(JSON.parse(String(data)) as Told);
      if (told.length === 3) resolve();
    });
    socket.addEventListener("open", () => {
      socket.send('{"id":"s","subscribe":{}}');
      socket.send('{"id":"1","operation":"alarms.create","input":{"body":{"text":"by certificate"}}}');
    });
    const response = await fetch(`https://127.0.0.1:${mtls.port}/post/v2/stream?after=0`, { tls });
    await using events = new EventReader(response);
    expect((await events.events(1))[0]?.data["text"]).toBe("by certificate");
    await promise;
    const heard = told.flatMap(({ event }) => (event === undefined ? [] : [event.data["text"]]));
    expect([heard, new Set(told.flatMap(({ status }) => status ?? []))]).toEqual([["by certificate"], new Set([200, 201])]);
    socket.close();
  });
});
