/** Of a field that is a secret the journal tells that it has changed, not what it is. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../src/index.ts";
import { forEachEngine, idOf, type Running, serve } from "../core/harness.ts";

const locks = resource(
  "locks",
  {
    doc: "A lock.",
    fields: {
      id: t.id("lock"),
      name: t.string(),
      code: t.string({ secret: true, optional: true }),
      service: t.object({ url: t.string(), token: t.string({ secret: true }) }, { optional: true }),
      codes: t.array(t.string({ secret: true }), { optional: true }),
    },
  },
  ({ all }) => ({
    rows: { keeper: all },
    access: { create: ["keeper"], update: ["keeper"], delete: ["keeper"] },
  }),
);

const definition = service("vault", {
  doc: "Locks and their codes.",
  version: "v1",
  roles: { keeper: "Who keeps them." },
  resources: [locks],
});

forEachEngine((engine) => {
  describe("SECURITY 63: secret fields in the journal", () => {
    let vault: Running;
    beforeAll(async () => {
      vault = await serve(await engine.create(), { services: [definition], role: "keeper" });
    });
    afterAll(() => vault[Symbol.asyncDispose]());

    test("created, changed, taken away and deleted, also within an object and a list", async () => {
      const body = {
        name: "Front door",
        code: "canary-1",
        service: { url: "https://locks.example", token: "canary-2" },
        codes: ["canary-3"],
      };
      const id = idOf(await vault.call("locks.create", { body }));
      await vault.call("locks.update", { id, body: { code: "canary-4", name: "Back door" } });
      await vault.call("locks.update", { id, body: { code: null, codes: ["canary-5"] } });
      await vault.call("locks.update", { id, body: { code: "canary-6" } });
      await vault.call("locks.delete", { id });
      const rows = await vault.journal();
      expect(rows.map(({ changes }) => changes)).toMatchObject([
        [{ after: { name: "Front door", code: "••••", service: "••••", codes: "••••" } }],
        [{ before: { name: "Front door", code: "••••" }, after: { name: "Back door", code: "•••• (changed)" } }],
        [{ before: { code: "••••", codes: "••••" }, after: { code: null, codes: "•••• (changed)" } }],
        [{ before: { code: null }, after: { code: "•••• (changed)" } }],
        [{ before: { name: "Back door", code: "••••", service: "••••" } }],
      ] as never);
      expect(JSON.stringify(rows)).not.toContain("canary");
    });
  });
});
