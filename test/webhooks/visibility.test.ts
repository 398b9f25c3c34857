/** Whose webhooks are whose, and what an app is sent: what it may see at that moment, and nothing of anybody else's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Data, dataOf, forEachEngine, idOf, outcomeOf } from "../core/harness.ts";
import { realmOf } from "../../src/store/index.ts";
import { type Office, openOffice } from "./office.ts";
import { answering } from "./receiver.ts";

const types = ["letters.posted"];

forEachEngine((engine) => {
  describe("what is sent", () => {
    let office: Office;
    beforeAll(async () => void (office = await openOffice(await engine.create())));
    afterAll(async () => {
      expect(office.errors).toEqual([]);
      await office[Symbol.asyncDispose]();
    });

    test("SECURITY 25: what a policy redacts is not delivered, from the next event on, also where one is tried again", async () => {
      await office.webhook("/redacted", { types });
      await office.postLetter("plain");
      await office.receiver.wait("/redacted", 1);
      office.receiver.answers.set("/redacted", answering(500));
      await office.postLetter("secret words");
      await office.receiver.wait("/redacted", 2);
      const settings = { fields: ["post.letters.text"], mask: "removed" };
      const policy = idOf(await office.call("policies.create", { body: { name: "no-text", kind: "redaction", settings } }));
      await Bun.sleep(600);
      office.receiver.answers.delete("/redacted");
      office.pass(60_000);
      await office.receiver.wait("/redacted", 3);
      await office.postLetter("more secret words");
      const all = await office.receiver.wait("/redacted", 4);
      expect(all.map(({ event }) => event.data?.["text"])).toEqual(["plain", "secret words", undefined, undefined]);
      for (const { body } of all.slice(2)) expect(body).not.toContain("secret words");
      dataOf(await office.call("policies.update", { id: policy, body: { enabled: false } }));
      await Bun.sleep(600);
      await office.postLetter("plain again");
      const last = (await office.receiver.wait("/redacted", 5)).at(-1);
      expect(last?.event.data?.["text"]).toBe("plain again");
    });

    test("SECURITY 25: rows that the app's roles do not see are not delivered; policies on addresses and credentials are not asked", async () => {
      const [mine, other] = [await office.app({ roles: ["post:holder"] }), await office.app({ roles: ["post:holder"] })];
      for (const [name, kind, settings] of [
        ["only-office", "ipAllow", { networks: ["192.0.2.0/24"] }],
        ["only-signed", "authenticationStrength", { accepted: ["signature"] }],
      ] as const)
        dataOf(await office.call("policies.create", { body: { name, kind, settings } }));
      await office.webhook("/mine", { app: mine });
      await office.webhook("/theirs", { app: other });
      const letter = await office.postLetter("for me", { holder: mine });
      await office.postLetter("for nobody");
      await office.postLetter("for the other", { holder: other });
      await office.move(letter, 1);
      await office.sweep();
      await office.receiver.wait("/mine", 2);
      await office.receiver.wait("/theirs", 1);
      await Bun.sleep(200);
      expect(office.receiver.at("/mine").map(({ event }) => [event.type, event["subject"]])).toEqual([
        ["post.letters.posted", letter],
        ["post.letters.moved", letter],
      ]);
      expect(office.receiver.at("/theirs").map(({ event }) => event.data?.["text"])).toEqual(["for the other"]);
    });

    test("an app without a role in the service is sent nothing and its owner is told why; a suspended one waits", async () => {
      const app = await office.app({ roles: [] });
      const hook = await office.webhook("/roleless", { app, types });
      await office.until(async () => (await office.state(hook.id))["problem"] === "forbidden", "forbidden");
      await office.postLetter();
      const reader = await office.app();
      const own = await office.webhook("/suspended", { app: reader, types });
      await office.postLetter();
      await office.receiver.wait("/suspended", 1);
      dataOf(await office.call("apps.suspend", { id: reader, body: { reason: "Unusual" } }));
      await Bun.sleep(700);
      await office.postLetter();
      await office.postLetter();
      await Bun.sleep(300);
      expect(office.receiver.at("/suspended")).toHaveLength(1);
      expect((await office.state(own.id))["problem"]).toBe("invalid_credentials");
      dataOf(await office.call("apps.activate", { id: reader }));
      await office.receiver.wait("/suspended", 3);
      expect(office.receiver.at("/roleless")).toEqual([]);
      dataOf(await office.call("apps.close", { id: reader }));
      expect(await office.row(own.id)).toMatchObject({ status: "disabled", reason: "The app was closed." });
    });

    test("SECURITY 25: a role that is withdrawn between two attempts: the event is not sent again", async () => {
      const app = await office.app({ roles: [] });
      const user = "usr_00000000000000000000000002";
      const grant = idOf(
        await office.call("roleGrants.create", { as: office.as("admin", { user }), body: { app, role: "post:reader" } }),
      );
      office.receiver.answers.set("/withdrawn", answering(503));
      const hook = await office.webhook("/withdrawn", { app, types });
      await office.postLetter("not for long");
      await office.receiver.wait("/withdrawn", 1);
      dataOf(await office.call("roleGrants.revoke", { as: office.as("admin", { user }), id: grant }));
      await Bun.sleep(700);
      office.receiver.answers.delete("/withdrawn");
      office.pass(60_000);
      await Bun.sleep(300);
      expect(office.receiver.at("/withdrawn")).toHaveLength(1);
      expect((await office.state(hook.id))["problem"]).toBe("forbidden");
    });
  });

  describe("whose it is", () => {
    let office: Office;
    let developer: (email: string) => ReturnType<Office["as"]>;
    const users = new Map<string, string>();
    beforeAll(async () => {
      office = await openOffice(await engine.create());
      for (const email of ["ann@acme.example", "bob@acme.example"]) users.set(email, await office.user(email));
      developer = (email) => office.as("developer", { user: users.get(email) ?? null });
    });
    afterAll(() => office[Symbol.asyncDispose]());

    test("SECURITY 23, 24: a developer makes, sees and changes webhooks of the own apps; others read, and nobody else anything", async () => {
      const [ann, bob] = [developer("ann@acme.example"), developer("bob@acme.example")];
      const app = await office.app({ owner: users.get("ann@acme.example") ?? "" });
      const body = { service: "post", url: office.receiver.url("/owned"), types };
      expect(outcomeOf(await office.call("apps.createWebhook", { as: bob, id: app, body }))).toBe("404 not_found");
      const made = dataOf(await office.call("apps.createWebhook", { as: ann, id: app, body }));
      const id = String(made["id"]);
      await office.postLetter();
      const [delivery] = await office.log(id, (rows) => rows.length === 1);
      const item = { id: String(delivery?.["id"]) };
      const asked = async (as: ReturnType<Office["as"]>): Promise<Readonly<Record<string, string>>> => ({
        get: outcomeOf(await office.call("webhooks.get", { as, id })),
        state: outcomeOf(await office.call("webhooks.state", { as, id })),
        update: outcomeOf(await office.call("webhooks.update", { as, id, body: { description: "mine" } })),
        rotate: outcomeOf(await office.call("webhooks.rotateSecret", { as, id, body: { overlapSeconds: 0 } })),
        test: outcomeOf(await office.call("webhooks.test", { as, id })),
        log: outcomeOf(await office.call("webhookDeliveries.get", { as, ...item })),
        again: outcomeOf(await office.call("webhookDeliveries.redeliver", { as, ...item })),
        disable: outcomeOf(await office.call("webhooks.disable", { as, id, body: { reason: "x" } })),
      });
      const own = { get: "200", state: "200", update: "200", rotate: "201", test: "202", log: "200", again: "200" };
      const foreign = Object.fromEntries(Object.keys(own).map((name) => [name, "404 not_found"]));
      expect(await asked(ann)).toEqual({ ...own, disable: "403 forbidden" });
      expect(await asked(bob)).toEqual({ ...foreign, disable: "403 forbidden" });
      const barred = { update: "403 forbidden", rotate: "403 forbidden", test: "403 forbidden", again: "403 forbidden" };
      for (const role of ["staff", "auditor"])
        expect(await asked(office.as(role))).toEqual({ ...own, ...barred, disable: "403 forbidden" });
      expect(dataOf(await office.call("webhooks.list", { as: bob }))).toEqual([] as unknown as Data);
      expect(dataOf(await office.call("webhookDeliveries.list", { as: bob }))).toEqual([] as unknown as Data);
    });

    test("SECURITY 29: another tenant sees nothing, and its events go nowhere else", async () => {
      const realm = await realmOf(office.running.store, "rival", "tenant");
      const rival = office.as("admin", { tenant: "rival", realm });
      const hook = await office.webhook("/tenant", { types });
      const rows = dataOf(await office.call("webhooks.list", { as: rival }));
      expect(rows).toEqual([] as unknown as Data);
      for (const operation of ["get", "state", "test", "enable", "pause", "delete"])
        expect(outcomeOf(await office.call(`webhooks.${operation}`, { as: rival, id: hook.id }))).toBe("404 not_found");
      const sandbox = await realmOf(office.running.store, "rival", "sandbox");
      const live = await realmOf(office.running.store, office.tenant, "live");
      for (const more of [
        { tenant: "rival", realm: sandbox },
        { environment: "live", realm: live },
      ])
        dataOf(await office.running.call("letters.create", { as: office.clerk(more), body: { text: "theirs" } }));
      await office.postLetter("ours");
      await office.receiver.wait("/tenant", 1);
      await Bun.sleep(200);
      expect(office.receiver.at("/tenant").map(({ event }) => event.data?.["text"])).toEqual(["ours"]);
    });

    test("what cannot be is refused when it is made or changed", async () => {
      const hook = await office.webhook("/terms");
      const change = async (body: object): Promise<string> =>
        outcomeOf(await office.call("webhooks.update", { id: hook.id, body }));
      expect(await change({ types: ["letters.lost"] })).toBe("422 no_such_event");
      expect(await change({ types: ["parcels.*"] })).toBe("422 no_such_event");
      expect(await change({ types: ["letters.*", "letters.swept"], filters: { step: ["1"] }, concurrency: 4 })).toBe("200");
      for (const filters of [[], 1, { step: "1" }, { step: [] }, { step: [1] }, { "a b": ["x"] }, { step: Array(51).fill("x") }])
        expect([filters, await change({ filters })]).toEqual([filters, "422 validation_failed"]);
      expect(await change({ concurrency: 17 })).toBe("422 validation_failed");
      const app = await office.app();
      const create = async (body: object): Promise<string> =>
        outcomeOf(await office.call("apps.createWebhook", { id: app, body: { url: office.receiver.url("/x"), ...body } }));
      expect(await create({ service: "nothing" })).toBe("422 no_such_event");
      for (let made = 0; made < 50; made++) expect(await create({ service: "post", types: ["letters.swept"] })).toBe("201");
      expect(await create({ service: "post" })).toBe("409 too_many_webhooks");
      dataOf(await office.call("apps.close", { id: app }));
      expect(await create({ service: "post" })).toBe("409 app_closed");
    });

    test("for real data a person has to have shown a second factor lately", async () => {
      const app = await office.app();
      const body = { service: "post", environment: "live", url: office.receiver.url("/live") };
      const person = (verifiedAt: string | null) =>
        office.as("admin", { key: "ses_00000000000000000000000001", verifiedAt, authentication: "session" });
      const [stale, fresh] = [person(null), person(new Date(office.now()).toISOString())];
      expect(outcomeOf(await office.call("apps.createWebhook", { as: stale, id: app, body }))).toBe("403 step_up_required");
      const id = idOf(await office.call("apps.createWebhook", { as: fresh, id: app, body }));
      expect(outcomeOf(await office.call("webhooks.update", { as: stale, id, body: { url: office.receiver.url("/y") } }))).toBe(
        "403 step_up_required",
      );
      expect(outcomeOf(await office.call("webhooks.update", { as: stale, id, body: { description: "ok" } }))).toBe("200");
      expect(outcomeOf(await office.call("webhooks.rotateSecret", { as: stale, id }))).toBe("403 step_up_required");
    });
  });
});
