/** What the server writes to its log while it is used: every call at debug, nothing at the default but what somebody should look at. */
import { expect, test } from "bun:test";
import { startServer } from "./server.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const minute = 60_000;

test(
  "at debug a line per call, without keys, each a JSON object; at info none",
  async () => {
    using folder = new TemporaryFolder();
    for (const [level, expected] of [
      ["debug", 3],
      ["info", 0],
    ] as const) {
      await using server = await startServer({ data: folder.at("data"), environment: { PONS_LOG: level, PONS_FOO: "x" } });
      const { sandbox } = server.facts.demo!.keys;
      await server.fetch("/bank/v2/accounts/count", { headers: { "x-request-id": "test-1" } });
      await server.fetch("/bank/v2/accounts/none", { headers: { "x-request-id": "test-2" } });
      await server.fetch("/bank/v2/accounts/count", {
        headers: { authorization: "Bearer pons_live_0000", "x-request-id": "test-3" },
      });
      expect(await server.stop()).toBe(0);
      await Bun.sleep(20);
      const lines = server.log.trimEnd().split("\n");
      const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const calls = events.filter(({ event, requestId }) => event === "call" && String(requestId).startsWith("test-"));
      expect(calls).toHaveLength(expected);
      if (expected > 0) {
        expect(calls).toMatchObject([
          { level: "debug", requestId: "test-1", channel: "rest", operation: "bank.accounts.count", status: 200 },
          { requestId: "test-2", operation: "bank.accounts.get", status: 404, type: "not_found" },
          { requestId: "test-3", status: 401 },
        ]);
        for (const { ms } of calls) expect(ms).toBeGreaterThanOrEqual(0);
      }
      expect(events.find(({ event }) => event === "unknown_settings")).toMatchObject({ level: "warn", names: ["PONS_FOO"] });
      expect(server.log).not.toContain(sandbox);
      expect(server.log).not.toContain("pons_live_0000");
    }
  },
  minute,
);
