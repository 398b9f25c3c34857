/** Guessing credentials gets slower from the address it comes from, and locks nobody out. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Call } from "../../src/pipeline/call.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { forEachEngine, outcomeOf, refusalOf } from "../core/harness.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";

forEachEngine((engine) => {
  describe("SECURITY 7: guessing", () => {
    let nodes: Nodes;
    let key: string;
    beforeAll(async () => {
      nodes = await openNodes(await engine.create(), { services: [registry, archive] });
      key = await nodes.grant({ roles: ["archive:reader"] });
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const ask = async (secret: string, address: string) => {
      const { principal: _, ...call } = nodes.running.callOf("look");
      return nodes.running.app.pipeline.run({ ...call, credentials: { kind: "key", secret }, address } satisfies Call);
    };

    test("SECURITY 7: from one address it is 429 after a while, with the time to wait; others are not held up, nor is who has the right key", async () => {
      const outcomes: string[] = [];
      for (let attempt = 0; attempt < 40; attempt++) outcomes.push(outcomeOf(await ask(newApiKey("sandbox"), "192.0.2.1")));
      expect(outcomes.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => "401 invalid_credentials"));
      expect(outcomes.slice(-5)).toEqual(Array.from({ length: 5 }, () => "429 too_many_attempts"));
      const { retryAfter } = refusalOf(await ask(newApiKey("sandbox"), "192.0.2.1"));
      expect(retryAfter).toBeGreaterThan(0);
      expect(retryAfter).toBeLessThanOrEqual(60);
      expect(outcomeOf(await ask(newApiKey("sandbox"), "192.0.2.2"))).toBe("401 invalid_credentials");
      // The legitimate holder behind the same address.
      expect(outcomeOf(await ask(key, "192.0.2.1"))).toBe("200");
    });

    test("SECURITY 7: over the wire, whatever address a header claims", async () => {
      const statuses: number[] = [];
      let last: Response | undefined;
      for (let attempt = 0; attempt < 40; attempt++) {
        const claimed = `198.51.100.${attempt}`;
        last = await nodes.at(0).ask("/archive/v1/papers", {
          headers: {
            authorization: `Bearer ${newApiKey("sandbox")}`,
            "x-forwarded-for": claimed,
            forwarded: `for=${claimed}`,
            "x-real-ip": claimed,
          },
        });
        await last.body?.cancel();
        statuses.push(last.status);
      }
      expect(new Set(statuses.slice(0, 20))).toEqual(new Set([401]));
      expect(new Set(statuses.slice(-5))).toEqual(new Set([429]));
      expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
      const good = await nodes.at(0).ask("/archive/v1/papers", { headers: { authorization: `Bearer ${key}` } });
      expect(good.status).toBe(200);
    });

    test("no error of ours", () => expect(nodes.errors).toEqual([]));
  });
});
