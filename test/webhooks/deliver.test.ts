/** Events are delivered: signed, in order, each as the app may see it, and what became of them is in the log. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { dataOf, forEachEngine, outcomeOf } from "../core/harness.ts";
import { type Office, openOffice } from "./office.ts";

forEachEngine((engine) => {
  let office: Office;
  beforeAll(async () => void (office = await openOffice(await engine.create())));
  afterAll(() => office[Symbol.asyncDispose]());

  test("an event comes as a CloudEvent, signed as Standard Webhooks has it, once", async () => {
    const { receiver } = office;
    const hook = await office.webhook("/plain");
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
    await Bun.sleep(400);
    expect(receiver.at("/plain")).toHaveLength(1);
    expect(office.errors).toEqual([]);
  });
});
