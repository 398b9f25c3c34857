/**
 * Who acts for somebody else: what he sees and does is what the other one may, both are in the journal, and he is not taken for two people where two are
 * needed. The installation's staff acts in a tenant only as long as it was let in.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import { journalTable } from "../../src/batch/system-tables.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { realmOf } from "../../src/store/index.ts";
import { type Data, forEachEngine, idOf } from "../core/harness.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";

type Headers = Readonly<Record<string, string>>;
type Answer = { readonly status: number; readonly data: Data; readonly type: string | undefined };

forEachEngine((engine) => {
  describe("acting for somebody else", () => {
    let nodes: Nodes;
    let teller: string;
    let ann: { customer: string; account: string };
    let ben: { customer: string; account: string };

    beforeAll(async () => {
      nodes = await openNodes(await engine.create(), { services: [bank, registry, archive] });
      const { running } = nodes;
      const clerk = running.caller("teller");
      const open = async (name: string) => {
        const body = { name, email: `${name.toLowerCase()}@example.com`, country: "MT" };
        const customer = idOf(await running.call("customers.create", { as: clerk, body }));
        const account = { customer, name: `${name}'s`, currency: "EUR", overdraftLimit: 1_000 };
        return { customer, account: idOf(await running.call("accounts.create", { as: clerk, body: account })) };
      };
      ann = await open("Ann");
      ben = await open("Ben");
      teller = await nodes.grant({ app: "counter", user: "tina@example.com", roles: ["bank:teller"] });
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const ask = async (method: string, path: string, headers: Headers, body?: object): Promise<Answer> => {
      const answer = await nodes.at(0).ask(`/bank/v2${path}`, {
        method,
        headers: { ...headers, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const { data, error } = (await answer.json()) as { data: Data; error?: { type: string } };
      return { status: answer.status, data, type: error?.type };
    };
    const by = (key: string, more: Headers = {}): Headers => ({ authorization: `Bearer ${key}`, ...more });
    const forAnn = (key = teller): Headers =>
      by(key, { "pons-act-for": ann.customer, "pons-reason": "on the telephone, identified by her PIN" });
    const last = async (tenant = nodes.tenant, environment = "sandbox"): Promise<Data | undefined> => {
      const { running } = nodes;
      return (await running.journal({ realm: await realmOf(running.store, tenant, environment) })).at(-1);
    };

    test("SECURITY 30: who acts for a customer sees and does what the customer may, and no more", async () => {
      expect((await ask("GET", `/accounts/${ann.account}`, forAnn())).status).toBe(200);
      expect(await ask("GET", `/accounts/${ben.account}`, forAnn())).toMatchObject({ status: 404, type: "not_found" });
      const { data } = await ask("GET", "/accounts", forAnn());
      expect((data as unknown as Data[]).map(({ id }) => id)).toEqual([ann.account]);
      expect(await ask("POST", `/accounts/${ann.account}/freeze`, forAnn(), { reason: "x" })).toMatchObject({
        status: 403,
        type: "forbidden",
      });
      const stolen = { debit: ben.account, credit: ann.account, amount: 1, currency: "EUR" };
      expect((await ask("POST", "/transfers", forAnn(), stolen)).status).toBe(404);
      expect((await ask("GET", "/profile", forAnn())).data).toMatchObject({ id: ann.customer });
      // As himself he still sees both.
      expect(((await ask("GET", "/accounts", by(teller))).data as unknown as Data[]).length).toBe(2);
    });

    test("SECURITY 31: both are in the journal, with the reason", async () => {
      const body = { debit: ann.account, credit: ben.account, amount: 5, currency: "EUR" };
      expect((await ask("POST", "/transfers", forAnn(), body)).status).toBe(201);
      expect(journalTable.columns.map(({ field }) => field)).toContain("actor");
      expect(await last()).toMatchObject({
        operation: "bank.transfers.create",
        subject: ann.customer,
        actor: {
          tenant: nodes.tenant,
          app: "counter",
          user: "tina@example.com",
          reason: "on the telephone, identified by her PIN",
        },
      });
      const plain = { debit: ann.account, credit: ben.account, amount: 6, currency: "EUR" };
      expect((await ask("POST", "/transfers", by(teller), plain)).status).toBe(201);
      expect(await last()).toMatchObject({ operation: "bank.transfers.create", subject: null, actor: null });
    });

    test.each<[string, string | undefined]>([
      ['%"%d0%9c%d0%be%d0%bb%d0%b1%d0%b0 4711"', "Молба 4711"],
      ["Ticket 4711, 50%", "Ticket 4711, 50%"],
      ['%"%0a"', undefined],
      ['%"%e2%80%ae"', undefined],
      ['%"%ff"', undefined],
      ['%""', undefined],
    ])("a reason is of any language, and plain text: %s", async (header, reason) => {
      const body = { debit: ann.account, credit: ben.account, amount: 7, currency: "EUR" };
      const { status } = await ask("POST", "/transfers", { ...forAnn(), "pons-reason": header }, body);
      expect(status).toBe(reason === undefined ? 400 : 201);
      if (reason !== undefined) expect(await last()).toMatchObject({ actor: { reason } });
    });

    test("SECURITY 30: roles that may act for nobody do not", async () => {
      for (const role of ["customer", "supervisor", "auditor"]) {
        const subject = role === "customer" ? ben.customer : null;
        const key = await nodes.grant({ app: "other", subject, roles: [`bank:${role}`] });
        expect([role, (await ask("GET", `/accounts/${ann.account}`, forAnn(key))).type]).toEqual([role, "forbidden"]);
      }
    });

    test("SECURITY 30: what is named must be well-formed, and is somebody of the own tenant", async () => {
      for (const subject of ["", "a b", "x".repeat(65), "'; --"])
        expect([subject, (await ask("GET", "/accounts", by(teller, { "pons-act-for": subject }))).status]).toEqual([
          subject,
          400,
        ]);
      const foreign = await nodes.grant({ tenant: "elsewhere", app: "counter", roles: ["bank:teller"] });
      expect(await ask("GET", `/accounts/${ann.account}`, forAnn(foreign))).toMatchObject({ status: 404 });
      expect((await ask("GET", "/accounts", forAnn(foreign))).data).toEqual([] as never);
      expect(await ask("GET", "/accounts", by(foreign, { "pons-tenant": nodes.tenant }))).toMatchObject({
        status: 403,
        type: "forbidden",
      });
    });

    test("SECURITY 12, 30: one person with two roles is one person, also when he acts for another", async () => {
      const both = await nodes.grant({ app: "office", user: null, roles: ["bank:teller", "bank:supervisor"] });
      const opened = await ask("POST", "/kycCases", forAnn(both), { tier: "basic" });
      expect(opened.status).toBe(201);
      const id = String(opened.data["id"]);
      const content = Buffer.from("%PDF-1.7 proof").toString("base64");
      const document = { case: id, kind: "passport", filename: "p.pdf", mediaType: "application/pdf", content };
      expect((await ask("POST", "/documents", forAnn(both), document)).status).toBe(201);
      expect((await ask("POST", `/kycCases/${id}/submit`, forAnn(both), {})).status).toBe(200);
      expect((await ask("GET", `/kycCases/${id}`, by(both))).data).toMatchObject({
        maker: "app:office",
        submittedBy: "app:office",
      });
      const decided = await ask("POST", `/kycCases/${id}/approve`, by(both), {});
      expect([decided.status, decided.type]).toEqual([403, "own_approval"]);
      const other = await nodes.grant({ app: "board", user: null, roles: ["bank:supervisor"] });
      expect((await ask("POST", `/kycCases/${id}/approve`, by(other), {})).status).toBe(200);
    });

    describe("SECURITY 31: the installation's staff", () => {
      const operator = `usr_${newIdentifier()}`;
      const name = () => `${operator} ${nodes.tenant}`;
      const access = (until: number) => ({
        until: new Date(until).toISOString(),
        reason: "ticket 4711",
        roles: ["archive:reader", "bank:auditor"],
      });
      let key: string;
      beforeAll(async () => {
        const user = { email: "op@example.com", name: "Op", status: "active", roles: [], subject: null, sessionsAfter: null };
        await nodes.publish("user", operator, user);
        key = await nodes.grant({ tenant: "pons", app: "console", user: operator, roles: ["bank:teller"] });
      });
      const within = (method: string, path: string, body?: object) =>
        ask(method, path, by(key, { "pons-tenant": nodes.tenant }), body);

      test("SECURITY 31: is not let in without having been asked", async () => {
        expect(await within("GET", "/accounts")).toMatchObject({ status: 403, type: "forbidden" });
      });

      test("SECURITY 31: sees what it was let in for, as long as it was, and changes nothing else", async () => {
        await nodes.publish("support", name(), access(Date.now() + 60_000));
        expect(((await within("GET", "/accounts")).data as unknown as Data[]).length).toBe(2);
        // Its own roles stay at home.
        expect(await within("POST", `/accounts/${ann.account}/freeze`, { reason: "x" })).toMatchObject({ status: 403 });
        await nodes.publish("support", name(), access(Date.now() - 1));
        expect(await within("GET", "/accounts")).toMatchObject({ status: 403, type: "forbidden" });
        await nodes.publish("support", name(), access(Date.now() + 60_000));
        await nodes.withdraw("support", name());
        expect(await within("GET", "/accounts")).toMatchObject({ status: 403, type: "forbidden" });
      });

      test("SECURITY 31: what it does is in the tenant's journal as both", async () => {
        await nodes.publish("support", name(), { ...access(Date.now() + 60_000), roles: ["bank:teller"] });
        const body = { name: "Cid", email: "cid@example.com", country: "MT" };
        expect((await within("POST", "/customers", body)).status).toBe(201);
        expect(await last()).toMatchObject({
          operation: "bank.customers.create",
          actor: { tenant: "pons", app: "console", user: operator, reason: "ticket 4711" },
        });
        // And for one of the tenant's customers it stays both.
        const acted = by(key, { "pons-tenant": nodes.tenant, "pons-act-for": ann.customer });
        const transfer = { debit: ann.account, credit: ben.account, amount: 1, currency: "EUR" };
        expect((await ask("POST", "/transfers", acted, transfer)).status).toBe(201);
        expect(await last()).toMatchObject({ subject: ann.customer, actor: { tenant: "pons", user: operator } });
        await nodes.withdraw("support", name());
      });
    });

    test("no error of ours", () => expect(nodes.errors).toEqual([]));
  });
});
