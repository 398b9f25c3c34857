/** Whoever is told of errors of ours learns which request it was: its caller was given the number. */
import { describe, expect, test } from "bun:test";
import { command, service, t } from "../../../src/index.ts";
import { forEachEngine, outcomeOf, serve } from "../harness.ts";

const fails = (how: () => unknown) => command({ doc: "Fails.", roles: ["clerk"], output: { done: t.boolean() }, run: how });

const broken = service("broken", {
  doc: "Fails.",
  version: "v1",
  roles: { clerk: "Staff." },
  resources: [],
  operations: {
    throws: fails(() => {
      throw new Error("kaputt");
    }),
    rejects: fails(() => Promise.reject(new Error("kaputt, later"))),
    works: fails(() => ({ done: true })),
  },
});

forEachEngine((engine) => {
  describe("errors", () => {
    test("of a command are told with its operation and request id, each with its own", async () => {
      const told: unknown[][] = [];
      await using running = await serve(await engine.create(), {
        services: [broken],
        tolerant: true,
        onError: (error, operation, requestId) => void told.push([String(error), operation, requestId]),
      });
      const results = await Promise.all([
        running.call("throws", { body: {}, requestId: "req-1" }),
        running.call("works", { body: {}, requestId: "req-2" }),
        running.call("rejects", { body: {}, requestId: "req-3" }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["500 internal", "200", "500 internal"]);
      expect(told).toEqual([
        ["Error: kaputt", "broken.throws", "req-1"],
        ["Error: kaputt, later", "broken.rejects", "req-3"],
      ]);
    });
  });
});
