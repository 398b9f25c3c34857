/** Grants of roles: who may have what, where, for how long; and issuers of tokens. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { users } from "../../services/platform/identity/user-fields.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf } from "../core/harness.ts";
import { type Offers, openOffers } from "./commerce.ts";

let names = 0;
const fresh = (): string => `person-${++names}@example.com`;

forEachEngine((engine) => {
  describe("grants of roles", () => {
    let offers: Offers;
    beforeAll(async () => (offers = await openOffers(await engine.create())));
    afterAll(() => offers[Symbol.asyncDispose]());

    const grant = (body: object) => offers.call("roleGrants.create", { body });
    const rolesOf = async (user: string) => dataOf(await offers.call("users.get", { id: user }))["roles"];

    test("one counts at once in its environment, and no longer once it is revoked", async () => {
      const [sandbox, live] = [await offers.app(null, "sandbox"), await offers.app(null, "live")];
      const made = await grant({ app: sandbox.id, role: "shop:keeper", environment: "sandbox" });
      expect(outcomeOf(made)).toBe("201");
      await grant({ app: live.id, role: "shop:keeper", environment: "sandbox" });
      expect([await offers.shop("stock", sandbox.key), await offers.shop("stock", live.key)]).toEqual(["200", "403 forbidden"]);
      expect(dataOf(await offers.call("roleGrants.revoke", { id: idOf(made) }))["status"]).toBe("ended");
      expect(await offers.shop("stock", sandbox.key)).toBe("403 forbidden");
      expect(outcomeOf(await offers.call("roleGrants.revoke", { id: idOf(made) }))).toBe("409 grant_over");
    });

    test("a person's roles follow, and others stay", async () => {
      const user = await offers.user(fresh());
      const first = idOf(await grant({ user, role: "shop:keeper" }));
      await grant({ user, role: "shop:buyer" });
      expect(await rolesOf(user)).toEqual(["shop:buyer", "shop:keeper"]);
      await offers.call("roleGrants.revoke", { id: first });
      expect(await rolesOf(user)).toEqual(["shop:buyer"]);
    });

    test("a role that came otherwise, such as with an invitation, is withdrawn, and its grants with it", async () => {
      const user = await offers.insert(users, {
        email: fresh(),
        name: "Invited",
        passwordHash: "none",
        roles: ["platform:staff", "shop:keeper"],
      });
      const withdraw = (body: object) => offers.call("roleGrants.withdraw", { body: { user, ...body } });
      expect(dataOf(await withdraw({ role: "platform:staff" }))["roles"]).toEqual(["shop:keeper"]);
      expect(outcomeOf(await withdraw({ role: "platform:staff" }))).toBe("409 not_granted");
      const made = idOf(await grant({ user, role: "shop:buyer" }));
      expect(dataOf(await withdraw({ role: "shop:buyer" }))["roles"]).toEqual(["shop:keeper"]);
      expect(dataOf(await offers.call("roleGrants.get", { id: made }))["status"]).toBe("ended");
      expect(await rolesOf(user)).toEqual(["shop:keeper"]);
    });

    test("somebody has to administer the tenant", async () => {
      const [ann, bob] = [await offers.user(fresh()), await offers.user(fresh())];
      const first = idOf(await grant({ user: ann, role: "platform:admin" }));
      expect(outcomeOf(await offers.call("roleGrants.revoke", { id: first }))).toBe("409 last_administrator");
      expect(outcomeOf(await offers.call("roleGrants.withdraw", { body: { user: ann, role: "platform:admin" } }))).toBe(
        "409 last_administrator",
      );
      await grant({ user: bob, role: "platform:admin" });
      expect(outcomeOf(await offers.call("roleGrants.revoke", { id: first }))).toBe("200");
      expect(await rolesOf(ann)).toEqual([]);
    });

    test("one with an end goes by itself", async () => {
      const user = await offers.user(fresh());
      offers.running.app.agenda.start(() => offers.running.app.writer.wake());
      const made = await grant({ user, role: "shop:keeper", until: new Date(Date.now() + 400).toISOString() });
      try {
        expect(await rolesOf(user)).toEqual(["shop:keeper"]);
        for (let at = 0; at < 100 && JSON.stringify(await rolesOf(user)) !== "[]"; at++) await Bun.sleep(50);
      } finally {
        offers.running.app.agenda.stop();
      }
      expect(await rolesOf(user)).toEqual([]);
      expect(dataOf(await offers.call("roleGrants.get", { id: idOf(made) }))).toMatchObject({ status: "ended", endedBy: null });
    });

    const wrong: readonly (readonly [string, object, string])[] = [
      ["operators", { role: "platform:operator" }, "role_not_grantable"],
      ["the system", { role: "shop:system" }, "role_not_grantable"],
      ["callers without credentials", { role: "shop:anyone" }, "role_not_grantable"],
      ["a role of no service", { role: "keeper" }, "validation_failed"],
      ["an end that is past", { role: "shop:keeper", until: "2020-01-01T00:00:00Z" }, "validation_failed"],
      ["the control plane in one environment", { role: "platform:staff", environment: "live" }, "validation_failed"],
    ];
    test.each(wrong.map(([title, body, type]) => ({ title, body, type })))("refused: $title", async ({ body, type }) => {
      const user = await offers.user(fresh());
      expect(refusalOf(await grant({ user, ...body })).type).toBe(type);
      expect(await rolesOf(user)).toEqual([]);
    });

    test("refused: nobody, two at once, nobody that is there, oneself, twice, an app as staff", async () => {
      const user = await offers.user(fresh());
      const { id: app } = await offers.app(null, "live");
      const role = "shop:keeper";
      const outcome = async (body: object) => outcomeOf(await grant({ role, ...body }));
      expect(await outcome({})).toBe("422 validation_failed");
      expect(await outcome({ user, app })).toBe("422 validation_failed");
      expect(await outcome({ user: "usr_00000000000000000000000009" })).toBe("422 invalid_reference");
      expect(outcomeOf(await offers.call("roleGrants.create", { as: offers.as("admin", { user }), body: { user, role } }))).toBe(
        "403 own_grant",
      );
      expect(await outcome({ app, role: "platform:admin" })).toBe("422 role_not_grantable");
      expect(await outcome({ user })).toBe("201");
      expect(await outcome({ user })).toBe("409 already_granted");
    });

    test("SECURITY 12: a person that gives roles has shown a second factor lately", async () => {
      const user = await offers.user(fresh());
      const stale = offers.as("admin", { authentication: "session", verifiedAt: "2020-01-01T00:00:00Z" });
      const body = { user, role: "shop:keeper" };
      expect(outcomeOf(await offers.call("roleGrants.create", { as: stale, body }))).toBe("403 step_up_required");
      expect(outcomeOf(await offers.call("environments.promote", { as: stale, body: {} }))).toBe("403 step_up_required");
      expect(await rolesOf(user)).toEqual([]);
      const verified = { ...stale, verifiedAt: new Date().toISOString() };
      expect(outcomeOf(await offers.call("roleGrants.create", { as: verified, body }))).toBe("201");
    });
  });

  describe("issuers", () => {
    let offers: Offers;
    beforeAll(async () => (offers = await openOffers(await engine.create())));
    afterAll(() => offers[Symbol.asyncDispose]());

    const issuer = { issuer: "https://id.example.com", audience: "https://api.example.com", environment: "live" };

    test("every node is told of one that is enabled", async () => {
      const roles = [{ name: "cashier", roles: ["shop:keeper"] }];
      const id = idOf(await offers.call("issuers.create", { body: { ...issuer, claims: { roles: "groups" }, roles } }));
      const told = async () => (await offers.running.app.directory.get("issuer", issuer.issuer))?.value;
      expect(await told()).toEqual({
        audience: issuer.audience,
        jwksUri: null,
        environment: "live",
        app: null,
        claims: { subject: "sub", roles: "groups", scopes: null },
        roles: { cashier: ["shop:keeper"] },
      });
      await offers.call("issuers.update", { id, body: { enabled: false } });
      expect(await told()).toBeUndefined();
    });

    test("refused: plain http, a role given by nobody, one that is there", async () => {
      const refused = async (body: object) => {
        const { type, issues } = refusalOf(
          await offers.call("issuers.create", { body: { ...issuer, issuer: "https://other.example.com", ...body } }),
        );
        return [type, ...Object.keys(issues ?? {})];
      };
      expect(await refused({ issuer: "http://id.example.com" })).toEqual(["validation_failed", "issuer"]);
      expect(await refused({ jwksUri: "http://id.example.com/keys" })).toEqual(["validation_failed", "jwksUri"]);
      const operators = [{ name: "root", roles: ["platform:operator"] }];
      expect(await refused({ roles: operators })).toEqual(["validation_failed", "roles.0.roles.0"]);
      expect(await refused({ issuer: issuer.issuer })).toEqual(["already_exists", "issuer"]);
    });
  });
});
