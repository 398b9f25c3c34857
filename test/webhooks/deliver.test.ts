/** Events are delivered: signed, in order, each as the app may see it, and what became of them is in the log. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { dataOf, forEachEngine, outcomeOf } from "../core/harness.ts";
import { type Office, openOffice } from "./office.ts";
import { answering, type Received } from "./receiver.ts";

/** Of `whpk_…`. */
const publicKeyOf = (text: string) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(text.slice(5), "base64")]),
    format: "der",
    type: "spki",
  });
const signaturesOf = ({ headers }: Received): readonly string[] => (headers["webhook-signature"] ?? "").split(" ");
const stepsOf = (received: readonly Received[]): readonly unknown[] =>
  received.map(({ event }) => `${String(event["subject"]).slice(-4)} ${String(event.data?.["step"])}`);

/** Positions, sorted. */
const inOrder = (ids: readonly string[]): readonly string[] =>
  ids.toSorted((one, other) => {
    const [[seq = 0, index = 0], [otherSeq = 0, otherIndex = 0]] = [one, other].map((id) => id.split("-").map(Number)) as [
      number[],
      number[],
    ];
    return seq - otherSeq || index - otherIndex;
  });

forEachEngine((engine) => {
  let office: Office;
  beforeAll(async () => void (office = await openOffice(await engine.create())));
  afterAll(async () => {
    expect(office.errors).toEqual([]);
    expect(office.running.errors).toEqual([]);
    await office[Symbol.asyncDispose]();
  });

  test("an event comes as a CloudEvent, signed as Standard Webhooks has it, once", async () => {
    const { receiver } = office;
    const hook = await office.webhook("/plain");
    expect(hook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const letter = await office.postLetter("Hello");
    const [first] = await receiver.wait("/plain", 1);
    expect(new Webhook(hook.secret).verify(first?.body ?? "", { ...first?.headers })).toEqual(first?.event ?? {});
    expect(first?.headers).toMatchObject({
      "content-type": "application/cloudevents+json; charset=utf-8",
      "user-agent": "Pons-Webhooks",
    });
    expect(first?.event).toMatchObject({
      specversion: "1.0",
      source: "https://api.acme.example/post/v1",
      type: "post.letters.posted",
      subject: letter,
      datacontenttype: "application/json",
    });
    // What the role of the app does not see is not there, and what is masked is masked.
    expect(first?.event.data).toEqual({ letter, text: "Hello", account: "••••5678" });
    const [row] = await office.log(hook.id, (rows) => rows.some(({ status }) => status === "delivered"));
    expect(row).toMatchObject({
      id: first?.headers["webhook-id"],
      event: first?.event.id,
      type: "letters.posted",
      subject: letter,
      attempts: 1,
      responseStatus: 200,
      problem: null,
      response: null,
      nextAt: null,
    });
    await Bun.sleep(300);
    expect(receiver.at("/plain")).toHaveLength(1);
  });

  test("ed25519: a public key is enough to check", async () => {
    const hook = await office.webhook("/public", { signing: "ed25519" });
    expect(hook.data["secret"]).toBeNull();
    const publicKey = String((hook.data["keys"] as { publicKey: string }[])[0]?.publicKey);
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    await office.postLetter();
    const [first] = await office.receiver.wait("/public", 1);
    const [signature = ""] = signaturesOf(first as Received);
    expect(signature).toStartWith("v1a,");
    const key = publicKeyOf(publicKey);
    const content = `${first?.headers["webhook-id"]}.${first?.headers["webhook-timestamp"]}.${first?.body}`;
    expect(verify(null, Buffer.from(content), key, Buffer.from(signature.slice(4), "base64"))).toBe(true);
    expect(verify(null, Buffer.from(`${content} `), key, Buffer.from(signature.slice(4), "base64"))).toBe(false);
  });

  test("HTTP Message Signatures (RFC 9421): the request is signed, its body by its digest", async () => {
    const hook = await office.webhook("/http?in=a", { signing: "httpSignature" });
    const publicKey = String((hook.data["keys"] as { publicKey: string }[])[0]?.publicKey);
    await office.postLetter("ü");
    const [first] = await office.receiver.wait("/http", 1);
    const { headers, body } = first as Received;
    expect(headers["webhook-signature"]).toBeUndefined();
    expect(headers["content-digest"]).toBe(`sha-256=:${createHash("sha256").update(body).digest("base64")}:`);
    const [, parameters = ""] = /^key1=(.*)$/.exec(headers["signature-input"] ?? "") ?? [];
    const [, components = ""] = /^\(([^)]*)\)/.exec(parameters) ?? [];
    const lines = components.split(" ").map((component) => {
      const name = component.slice(1, -1);
      const value = name === "@method" ? "POST" : name === "@target-uri" ? office.receiver.url("/http?in=a") : headers[name];
      return `${component}: ${value}\n`;
    });
    expect(components).toContain('"content-digest"');
    const signature = Buffer.from(headers["signature"]?.slice("key1=:".length, -1) ?? "", "base64");
    const key = publicKeyOf(publicKey);
    expect(verify(null, Buffer.from(`${lines.join("")}"@signature-params": ${parameters}`), key, signature)).toBe(true);
  });

  test("a key is replaced without a gap: both sign until the overlap is over", async () => {
    const hook = await office.webhook("/rotated");
    const rotated = dataOf(await office.call("webhooks.rotateSecret", { id: hook.id, body: { overlapSeconds: 3_600 } }));
    const next = String(rotated["secret"]);
    expect(next).not.toBe(hook.secret);
    expect(JSON.stringify(await office.row(hook.id))).not.toContain(next);
    await office.until(async () => (await office.row(hook.id))["status"] === "active");
    await Bun.sleep(50);
    await office.postLetter();
    const [both] = await office.receiver.wait("/rotated", 1);
    expect(signaturesOf(both as Received)).toHaveLength(2);
    for (const secret of [hook.secret, next])
      expect(new Webhook(secret).verify(both?.body ?? "", { ...both?.headers })).toBeTruthy();
    office.pass(3_601_000);
    await office.postLetter();
    const [, alone] = await office.receiver.wait("/rotated", 2);
    expect(signaturesOf(alone as Received)).toHaveLength(1);
    const { headers, body } = alone as Received;
    const [, signature = ""] = (signaturesOf(alone as Received)[0] ?? "").split(",");
    // The clock of the test is ahead of the library's.
    const signed = new Webhook(next).sign(
      headers["webhook-id"] ?? "",
      new Date(Number(headers["webhook-timestamp"]) * 1_000),
      body,
    );
    expect(signed).toBe(`v1,${signature}`);
    const at = { id: hook.id, body: { overlapSeconds: 86_400 } };
    expect(outcomeOf(await office.call("webhooks.rotateSecret", at))).toBe("201");
    expect(outcomeOf(await office.call("webhooks.rotateSecret", at))).toBe("201");
    expect(outcomeOf(await office.call("webhooks.rotateSecret", at))).toBe("409 too_many_secrets");
    expect(outcomeOf(await office.call("webhooks.rotateSecret", { id: hook.id, body: { overlapSeconds: 0 } }))).toBe("201");
  });

  test("only what is asked for: types with wildcards, filters on what is shown", async () => {
    const letter = await office.postLetter();
    await office.webhook("/moved", { types: ["letters.moved"], filters: { step: ["2", "3"] } });
    await office.webhook("/all", { types: ["letters.*"], filters: { letter: [letter] } });
    const hidden = await office.webhook("/hidden", { filters: { cost: ["90"] } });
    await office.until(async () => (await office.state(hidden.id))["problem"] !== null);
    await office.postLetter("Another");
    await office.move(letter, 4);
    await office.receiver.wait("/all", 4);
    expect(office.receiver.at("/moved").map(({ event }) => event.data?.["step"])).toEqual([2, 3]);
    expect(office.receiver.at("/all").map(({ event }) => event.type)).toEqual(Array(4).fill("post.letters.moved"));
    expect(office.receiver.at("/hidden")).toEqual([]);
    expect((await office.state(hidden.id))["problem"]).toBe("validation_failed: cost");
  });

  test("in order, one at a time; and in parallel in order of each row", async () => {
    const [ann, bob] = [await office.postLetter("ann"), await office.postLetter("bob")];
    const types = ["letters.moved"];
    const one = await office.webhook("/one", { types });
    for (let round = 0; round < 20; round++) {
      await office.move(ann, 2);
      await office.move(bob, 1);
    }
    const seen = await office.receiver.wait("/one", 60);
    expect(seen.map(({ event }) => event.id)).toEqual([...inOrder(seen.map(({ event }) => event.id))]);
    expect(office.receiver.mostUnderWay.get("/one")).toBe(1);
    dataOf(await office.call("webhooks.pause", { id: one.id }));
    office.receiver.answers.set("/many", async () => {
      await Bun.sleep(Math.random() * 30);
      return new Response("ok");
    });
    await office.webhook("/many", { types, concurrency: 8 });
    const letters = await Promise.all(Array.from({ length: 8 }, (_, at) => office.postLetter(String(at))));
    await Promise.all(letters.map((letter) => office.move(letter, 12)));
    const many = await office.receiver.wait("/many", 96);
    for (const letter of letters)
      expect(many.filter(({ event }) => event["subject"] === letter).map(({ event }) => event.data?.["step"])).toEqual(
        Array.from({ length: 12 }, (_, at) => at + 1),
      );
    expect(office.receiver.mostUnderWay.get("/many")).toBeGreaterThan(3);
    expect(office.receiver.mostUnderWay.get("/many")).toBeLessThanOrEqual(8);
  });

  test("what one row's event has failed holds up that row alone, and comes before what follows", async () => {
    const [ann, bob] = [await office.postLetter("ann"), await office.postLetter("bob")];
    let failures = 2;
    office.receiver.answers.set("/row", ({ event }) =>
      event["subject"] === ann && event.data?.["step"] === 1 && failures-- > 0
        ? new Response("no", { status: 500 })
        : new Response("ok"),
    );
    const hook = await office.webhook("/row", { types: ["letters.moved"] });
    await office.move(ann, 1);
    await office.move(ann, 1);
    await office.move(bob, 1);
    await office.move(ann, 1);
    await office.receiver.wait("/row", 2);
    const rows = await office.log(hook.id, (found) => found.length === 4 && found.some(({ status }) => status === "delivered"));
    expect(rows.filter(({ status }) => status === "waiting")).toHaveLength(3);
    expect(rows.filter(({ nextAt }) => nextAt !== null)).toHaveLength(1);
    office.pass(10_000);
    await office.receiver.wait("/row", 3);
    await office.until(async () => (await office.state(hook.id))["failures"] === 1);
    office.pass(600_000);
    const all = await office.receiver.wait("/row", 6);
    const end = (letter: string): string => letter.slice(-4);
    expect(stepsOf(all)).toEqual([
      `${end(ann)} 1`,
      `${end(bob)} 1`,
      `${end(ann)} 1`,
      `${end(ann)} 1`,
      `${end(ann)} 2`,
      `${end(ann)} 3`,
    ]);
    const [id] = new Set(
      all
        .filter(({ event }) => event.data?.["step"] === 1 && event["subject"] === ann)
        .map(({ headers }) => headers["webhook-id"]),
    );
    const done = await office.log(hook.id, (found) => found.every(({ status }) => status === "delivered"));
    expect(done.find((row) => row["id"] === id)?.["attempts"]).toBe(3);
  });

  test("a large event is sent without its data, with a link to it", async () => {
    await office.webhook("/large", { types: ["letters.posted"] });
    const letter = await office.postLetter("x".repeat(19_000));
    const larger = await office.postLetter("ä".repeat(11_000));
    const [whole, thin] = await office.receiver.wait("/large", 2);
    expect(String(whole?.event.data?.["text"])).toHaveLength(19_000);
    expect(whole?.event["subject"]).toBe(letter);
    expect(thin?.event.data).toBeUndefined();
    expect(thin?.event["dataref"]).toBe(`https://api.acme.example/post/v1/letters/${larger}`);
    expect(Buffer.byteLength(thin?.body ?? "")).toBeLessThan(1_000);
  });

  test("an event to test with is sent once, also while nothing else is", async () => {
    office.receiver.answers.set(
      "/test",
      answering(500, {}, "Broken.\nAuthorization: Bearer abcdefghijkl and pons_live_ABCDEFGHIJKL"),
    );
    const hook = await office.webhook("/test");
    dataOf(await office.call("webhooks.pause", { id: hook.id }));
    const made = dataOf(await office.call("webhooks.test", { id: hook.id }));
    expect(made).toMatchObject({ status: "waiting", type: "webhooks.test", webhook: hook.id });
    const [first] = await office.receiver.wait("/test", 1);
    expect(first?.event).toMatchObject({ type: "post.webhooks.test", id: made["id"], data: { webhook: hook.id } });
    expect(
      new Webhook(hook.secret).sign(
        String(made["id"]),
        new Date(Number(first?.headers["webhook-timestamp"]) * 1_000),
        first?.body ?? "",
      ),
    ).toBe(first?.headers["webhook-signature"] ?? "");
    const [row] = await office.log(hook.id, (rows) => rows.some(({ status }) => status === "failed"));
    // SECURITY 63: what looks like a credential is not kept.
    expect(row).toMatchObject({ id: made["id"], attempts: 1, problem: "status", responseStatus: 500 });
    expect(row?.["response"]).toBe("Broken. •••• and ••••");
    office.receiver.answers.delete("/test");
    dataOf(await office.call("webhooks.test", { id: hook.id }));
    await office.log(hook.id, (rows) => rows.filter(({ status }) => status === "delivered").length === 1);
    await office.postLetter();
    await Bun.sleep(300);
    expect(office.receiver.at("/test")).toHaveLength(2);
  });

  test("paused: what comes meanwhile waits, or is skipped; a deleted one hears nothing more", async () => {
    const types = ["letters.swept"];
    const [waits, skips] = [await office.webhook("/waits", { types }), await office.webhook("/skips", { types })];
    const deleted = await office.webhook("/deleted", { types });
    await office.sweep();
    for (const path of ["/waits", "/skips", "/deleted"]) await office.receiver.wait(path, 1);
    for (const { id } of [waits, skips]) dataOf(await office.call("webhooks.pause", { id }));
    expect(outcomeOf(await office.call("webhooks.pause", { id: waits.id }))).toBe("409 webhook_not_active");
    expect(outcomeOf(await office.call("webhooks.delete", { id: deleted.id }))).toBe("204");
    await office.sweep(3);
    await Bun.sleep(300);
    expect(["/waits", "/skips", "/deleted"].map((path) => office.receiver.at(path).length)).toEqual([1, 1, 1]);
    await Bun.sleep(20);
    dataOf(await office.call("webhooks.enable", { id: waits.id }));
    dataOf(await office.call("webhooks.enable", { id: skips.id, body: { skip: true } }));
    await office.receiver.wait("/waits", 4);
    await Bun.sleep(300);
    await office.sweep(1);
    await office.receiver.wait("/waits", 5);
    await office.receiver.wait("/skips", 2);
    await Bun.sleep(200);
    expect(["/waits", "/skips", "/deleted"].map((path) => office.receiver.at(path).length)).toEqual([5, 2, 1]);
  });

  test("an event is delivered again, by hand and between two positions or moments, under the id it had", async () => {
    const hook = await office.webhook("/again", { types: ["letters.swept"] });
    for (let round = 0; round < 5; round++) {
      await office.sweep();
      office.pass(60_000);
    }
    const first = await office.receiver.wait("/again", 5);
    const rows = await office.log(hook.id, (found) => found.filter(({ status }) => status === "delivered").length === 5);
    const third = rows.find((row) => row["event"] === first[2]?.event.id);
    dataOf(await office.call("webhookDeliveries.redeliver", { id: String(third?.["id"]) }));
    const [, , , , , again] = await office.receiver.wait("/again", 6);
    expect([again?.headers["webhook-id"], again?.body]).toEqual([first[2]?.headers["webhook-id"], first[2]?.body]);
    const [row] = (await office.log(hook.id, (found) => found.some(({ attempts }) => attempts === 2))).filter(
      ({ attempts }) => attempts === 2,
    );
    expect(row).toMatchObject({ id: third?.["id"], status: "delivered" });

    const replay = (body: object) => office.call("webhooks.replay", { id: hook.id, body });
    dataOf(await replay({ after: first[1]?.event.id }));
    expect(outcomeOf(await replay({ after: "0" }))).toBe("409 replay_running");
    const replayed = (await office.receiver.wait("/again", 9)).slice(6);
    expect(replayed.map(({ event }) => event.id)).toEqual(first.slice(2).map(({ event }) => event.id));
    await office.until(async () => (await office.state(hook.id))["isReplaying"] === false);
    const [since, until] = [first[1]?.event["time"], first[2]?.event["time"]];
    dataOf(await replay({ since, until }));
    const between = (await office.receiver.wait("/again", 11)).slice(9);
    expect(between.map(({ headers }) => headers["webhook-id"])).toEqual(
      first.slice(1, 3).map(({ headers }) => headers["webhook-id"]),
    );
    await office.until(async () => (await office.state(hook.id))["isReplaying"] === false);
    await Bun.sleep(300);
    expect(office.receiver.at("/again")).toHaveLength(11);
    for (const bad of [{}, { after: "0", since }, { since: until, until: since }, { since, until: "2999-01-01T00:00:00Z" }])
      expect(outcomeOf(await replay(bad))).toBe("422 replay_range_invalid");
  });
});
