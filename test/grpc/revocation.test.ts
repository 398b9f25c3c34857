/** SECURITY 5, 28: what ends a credential ends its open streams within a second: lists that are still read, and conversations, even silent ones. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as grpc from "@grpc/grpc-js";
import { createSeeder } from "../../src/host/seeder.ts";
import { hashOfKey, newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { forEachEngine } from "../core/harness.ts";
import { flags } from "../fuzz/frames.ts";
import { papers } from "../security/registry.ts";
import { type Client, type Hall, openHall } from "./hall.ts";
import { dataOf, messageOf, Raw, windowFrame } from "./raw.ts";

const paperCount = 3_000;
/** A second, and what a busy machine needs to look. */
const lateMsMax = 2_000;

forEachEngine((engine) => {
  describe("SECURITY 5, 28 over gRPC", () => {
    let hall: Hall;
    let client: Client;
    beforeAll(async () => {
      hall = await openHall(await engine.create());
      client = await hall.client("archive.v1.ArchiveService");
      const { app, caller } = hall.nodes.running;
      const contract = app.contracts.get("archive");
      if (contract === undefined) throw new Error("no archive");
      const text = "x".repeat(1_000);
      const rows = Array.from({ length: paperCount }, () => ({ id: `pap_${newIdentifier()}`, title: "long", text }));
      await createSeeder(app, contract, caller("keeper")).insert(papers, rows);
    });
    afterAll(async () => {
      await client[Symbol.asyncDispose]();
      await hall[Symbol.asyncDispose]();
      expect(hall.nodes.errors).toEqual([]);
    });

    const registered = async (): Promise<{ key: string; end(): Promise<void> }> => {
      const key = newApiKey("sandbox");
      const hash = hashOfKey(key);
      const limits = { scopes: null, ips: null, operations: null, expiresAt: null };
      const owner = { tenant: hall.nodes.tenant, environment: "sandbox", app: null, user: null, subject: null };
      await hall.nodes.publish("key", hash, { id: `key_${newIdentifier()}`, ...owner, roles: ["archive:keeper"], ...limits });
      return { key, end: () => hall.nodes.withdraw("key", hash) };
    };

    test("a conversation in which nothing is said", async () => {
      const { key, end } = await registered();
      const talk = client.talk("StampPaperStream", { key });
      await Bun.sleep(600);
      const began = performance.now();
      await end();
      expect((await talk.status).code).toBe(grpc.status.UNAUTHENTICATED);
      expect(performance.now() - began).toBeLessThan(lateMsMax);
    });

    test("items that come after it are refused", async () => {
      const { key, end } = await registered();
      const talk = client.talk("CreatePaperStream", { key });
      talk.call.write({ request: { title: "late" } });
      while (talk.messages.length === 0) await Bun.sleep(1);
      await end();
      const until = performance.now() + lateMsMax;
      let isEnded = false;
      void talk.status.then(() => (isEnded = true));
      while (!isEnded && performance.now() < until) {
        talk.call.write({ request: { title: "late" } });
        await Bun.sleep(20);
      }
      expect((await talk.status).code).toBe(grpc.status.UNAUTHENTICATED);
    });

    test("an export whose client reads slowly", async () => {
      const { key, end } = await registered();
      await using raw = await Raw.open(hall.port);
      raw.send(
        raw.call(1, "/archive.v1.ArchiveService/ExportPapers", { fields: [["authorization", `Bearer ${key}`]] }),
        dataOf(1, messageOf(""), flags.endStream),
      );
      await raw.until(({ type }) => type === "DATA");
      await end();
      // As slowly as a window at a time; whoever may go on needs some fifty of them.
      const read = (): number => raw.frames.reduce((sum, { type, payload }) => sum + (type === "DATA" ? payload.length : 0), 0);
      const isEnd = (): boolean =>
        raw.frames.some(({ type, flags: flag }) => type === "HEADERS" && (flag & flags.endStream) !== 0);
      const began = performance.now();
      while (!isEnd() && performance.now() - began < 10_000) {
        raw.send(windowFrame(0, 20_000), windowFrame(1, 20_000));
        await Bun.sleep(50);
      }
      expect(isEnd()).toBe(true);
      expect(performance.now() - began).toBeLessThan(lateMsMax);
      expect(read()).toBeLessThan(paperCount * 1_000);
    });

    test("who may go on reads all of it, however slowly", async () => {
      const listed = client.list("ExportPapers", {}, { key: hall.keys.keeper });
      listed.call.pause();
      await Bun.sleep(600);
      listed.call.resume();
      expect((await listed.status).code).toBe(0);
      const rows = listed.messages.reduce((sum, { papers: some }) => sum + (some as unknown[]).length, 0);
      expect(rows).toBeGreaterThanOrEqual(paperCount);
    });
  });
});
