/** The AsyncAPI document: valid by AsyncAPI's own schema for every version of every service, and true of what is sent and answered. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Ajv, { type ValidateFunction } from "ajv";
import specification from "@asyncapi/specs/schemas/3.1.0-without-$id.json";
import { asyncApiOf } from "../../src/contract/asyncapi/index.ts";
import type { Contract } from "../../src/contract/contract.ts";
import { versionViews } from "../../src/contract/versions.ts";
import { compileServices } from "../../src/host/app.ts";
import { loadServices } from "../../src/host/load-services.ts";
import shop from "../fixtures/shop.ts";
import { testDatabases } from "../postgres/index.ts";
import type { Socket, Told } from "./client.ts";
import { type Office, openOffice } from "./office.ts";
import post from "./post-office.ts";

type Json = Readonly<Record<string, unknown>>;

const origin = "https://api.example.com";
const shipped = (await loadServices([])).map(({ definition }) => definition);
const contracts = [...compileServices([...shipped, shop, post]).values()];
const small = contracts.find(({ service }) => service === "post");
const versions = contracts.flatMap((contract) =>
  [...versionViews(contract).keys()].map((version) => [`${contract.service} ${version}`, contract, version] as const),
);

const options = { strict: false, validateFormats: false, allErrors: false } as const;

/** AsyncAPI's schema, which is of draft 07. */
const isAsyncApi = new Ajv(options).compile(specification);

/** Checks of the schemas of a document's messages. */
const payloadsOf = (document: Json): ((message: string) => ValidateFunction) => {
  const ajv = new Ajv(options);
  ajv.addSchema({ $id: "document", components: document["components"] });
  const known = new Map<string, ValidateFunction>();
  return (message) => {
    let check = known.get(message);
    if (check === undefined)
      known.set(message, (check = ajv.compile({ $ref: `document#/components/messages/${message}/payload` })));
    return check;
  };
};

const referencesIn = (value: unknown, into: Set<string> = new Set()): ReadonlySet<string> => {
  if (Array.isArray(value)) for (const item of value) referencesIn(item, into);
  else if (typeof value === "object" && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      if (name === "$ref" && typeof inner === "string") into.add(inner);
      else referencesIn(inner, into);
    }
  return into;
};

const at = (document: Json, reference: string): unknown =>
  reference
    .slice(2)
    .split("/")
    .reduce<unknown>((value, step) => (value as Json | undefined)?.[step], document);

describe("AsyncAPI", () => {
  test.each(versions)("%s is valid by AsyncAPI's own schema, whole, and always the same", (_, contract, version) => {
    const document = asyncApiOf(contract, version, { origin });
    isAsyncApi(document);
    expect(isAsyncApi.errors ?? []).toEqual([]);
    for (const reference of referencesIn(document))
      expect([reference, at(document, reference) !== undefined]).toEqual([reference, true]);
    expect(JSON.stringify(asyncApiOf(contract, version, { origin }))).toBe(JSON.stringify(document));
    // Of large services there are hundreds, which are made alike.
    if (contract !== small) return;
    const payloadOf = payloadsOf(document);
    for (const message of Object.keys((document["components"] as { messages: Json }).messages)) payloadOf(message);
  });

  test.each(versions)("%s has every event and every operation, and nothing else", (_, contract, version) => {
    const document = asyncApiOf(contract, version, { origin }) as {
      operations: Json;
      channels: Record<string, { messages: Json }>;
      servers: Json;
    };
    const view = versionViews(contract).get(version)?.contract as Contract;
    const events = [...view.resources.values()].flatMap(({ name, events: declared }) =>
      Object.keys(declared).map((event) => `${name}.${event}`),
    );
    const heard = Object.keys(document.channels["events"]?.messages ?? {}).filter((name) => name !== "streamEnded");
    expect(heard.length).toBe(events.length);
    const called = Object.keys(document.operations).filter((name) => !name.includes("-"));
    expect(called.toSorted()).toEqual([...view.operations.keys()].map((name) => name.replaceAll(".", "_")).toSorted());
    expect(Object.keys(document.servers)).toEqual([
      "events",
      "socket",
      ...(events.length > 0 && view.version === contract.version ? ["webhooks"] : []),
    ]);
  });

  test("a version that does not exist has none", () => {
    expect(() => asyncApiOf(contracts[0] as Contract, "v99", { origin })).toThrow(RangeError);
  });

  describe("what is sent and answered is as it says", () => {
    let office: Office;
    let socket: Socket;
    const contract = contracts.find(({ service }) => service === "post") as Contract;
    const payloadOf = payloadsOf(asyncApiOf(contract, "v2", { origin }));
    const conforms = (message: string, value: unknown): void => {
      const check = payloadOf(message);
      check(value);
      expect([message, value, check.errors ?? []]).toEqual([message, value, []]);
    };
    beforeAll(async () => {
      const sqlite = testDatabases().find(({ engine }) => engine === "sqlite");
      if (sqlite === undefined) throw new Error("there is no SQLite");
      office = await openOffice(await sqlite.create());
      socket = await office.connect({ key: await office.grant("clerk") });
    });
    afterAll(async () => {
      socket.close();
      await office[Symbol.asyncDispose]();
    });

    const ask = async (call: string, reply: string, message: Json): Promise<Told> => {
      conforms(call, { id: "1", ...message });
      const told = await socket.ask({ id: "1", ...message });
      conforms(reply, told);
      return told;
    };

    test("calls, answers and refusals", async () => {
      const body = { label: "A", lane: "north", worth: "9007199254740993" };
      const made = await ask("ParcelsCreateCall", "ParcelsCreateAnswer", {
        operation: "parcels.create",
        input: { body },
        idempotencyKey: "a",
      });
      await ask("ParcelsCreateCall", "ParcelsCreateAnswer", {
        operation: "parcels.create",
        input: { body },
        idempotencyKey: "a",
      });
      const { id } = made.data as { id: string };
      await ask("ParcelsGetCall", "ParcelsGetAnswer", { operation: "parcels.get", input: { id } });
      await ask("ParcelsGetCall", "ParcelsGetAnswer", { operation: "parcels.get", input: { id: "par_none" } });
      await ask("ParcelsListCall", "ParcelsListAnswer", {
        operation: "parcels.list",
        input: { query: { lane: "north", sortBy: "label", perPage: 2 } },
      });
      await ask("ParcelsListCall", "ParcelsListAnswer", {
        operation: "parcels.list",
        input: { query: { nope: 1 } },
        language: "de",
      });
      await ask("ParcelsMoveCall", "ParcelsMoveAnswer", {
        operation: "parcels.move",
        input: { id, body: { lane: "south" } },
        ifMatch: "*",
      });
      await ask("ParcelsDeleteCall", "ParcelsDeleteAnswer", { operation: "parcels.delete", input: { id } });
      await ask("WaitCall", "WaitAnswer", { operation: "wait", input: { body: { ms: 0 } } });
      await ask("RingCall", "RingAnswer", { operation: "ring" });
      await ask("batch", "batchAnswer", {
        calls: [{ operation: "ring" }, { id: "a", operation: "parcels.get", input: { id: "par_none" } }],
      });
      await ask("batch", "batchAnswer", { calls: [{ operation: "parcels.get" }], strategy: "atomic" });
      await ask("ping", "pong", { ping: { at: 1 } });
      const stranger = await office.connect();
      const shown = { authenticate: { authorization: `Bearer ${await office.grant("clerk")}` } };
      conforms("authenticate", shown);
      conforms("authenticated", await stranger.ask(shown));
      stranger.send("{");
      conforms("refusal", await stranger.next());
      stranger.close();
      expect(payloadOf("ParcelsCreateCall")({ id: "1", operation: "parcels.create", input: { body: { label: 5 } } })).toBe(false);
    });

    test("subscriptions and events", async () => {
      await ask("subscribe", "subscribed", {
        id: "s",
        subscribe: { types: ["parcels.*", "alarms.rang"], filters: { lane: ["x", "y"] }, after: "0" },
      });
      await ask("subscribe", "subscribed", { id: "s", subscribe: {} });
      const streamKey = await office.grant("clerk");
      const stream = await office.events("", { key: streamKey });
      const { id } = (await socket.ask({ operation: "parcels.create", input: { body: { label: "A", lane: "x" } } })).data as {
        id: string;
      };
      await socket.ask({ operation: "parcels.move", input: { id, body: { lane: "y", steps: 2 } } });
      for (let count = 0; count < 3; count++) conforms("event", await socket.next(({ event }) => event !== undefined));
      for (const [name, event] of [
        ["parcelsPosted", 0],
        ["parcelsMoved", 1],
        ["parcelsMoved", 2],
      ] as const) {
        const told = await stream.next();
        expect([event, told?.event]).toEqual([event, name === "parcelsPosted" ? "parcels.posted" : "parcels.moved"]);
        conforms(name, JSON.parse(told?.data ?? "null"));
      }
      await office.revoke(streamKey);
      conforms("streamEnded", await stream.last());
      await ask("unsubscribe", "unsubscribed", { id: "s", unsubscribe: true });
      await ask("unsubscribe", "unsubscribed", { id: "s", unsubscribe: true });
    });
  });
});
