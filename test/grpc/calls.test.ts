/** Every kind of call by grpc-js, the client most of Node's programs have: what is asked, what is answered, and everything that stands beside it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as grpc from "@grpc/grpc-js";
import { forEachEngine } from "../core/harness.ts";
import { refusalOf } from "../channels/drivers/protobuf.ts";
import { type Client, type Hall, type Message, openHall, type Status } from "./hall.ts";

const great = "9007199254740993";

const rowOf = (message: Message): Message => message["ware"] as Message;
const detailsOf = ({ metadata }: Status) => refusalOf(metadata.get("grpc-status-details-bin")[0] as Buffer);

forEachEngine((engine) => {
  describe("grpc-js", () => {
    let hall: Hall;
    let client: Client;
    let stall: string;
    const made = async (name: string, more: Message = {}): Promise<Message> => {
      const { status, message } = await client.ask("CreateWare", { stall, name, price: "5", ...more }, seller());
      expect([status.code, status.details]).toEqual([0, ""]);
      return rowOf(message);
    };
    const seller = (metadata: Readonly<Record<string, string>> = {}) => ({ key: hall.keys.seller, metadata });

    beforeAll(async () => {
      hall = await openHall(await engine.create());
      client = await hall.client();
      const { message } = await client.ask("CreateStall", { name: "The corner" }, seller());
      stall = String((message["stall"] as Message)["id"]);
    });
    afterAll(async () => {
      await client[Symbol.asyncDispose]();
      await hall[Symbol.asyncDispose]();
      expect(hall.nodes.errors).toEqual([]);
    });

    test("a row is made, read, changed and removed; its tag and request id stand in the metadata", async () => {
      const row = await made("Lamp", { price: "1250", state: "STATE_KEPT_BACK" });
      const got = await client.ask("GetWare", { id: row["id"] }, seller({ "x-request-id": "mine-1" }));
      expect(rowOf(got.message)).toMatchObject({ id: row["id"], name: "Lamp", price: "1250", state: "STATE_KEPT_BACK" });
      expect(got.headers.get("x-request-id")).toEqual(["mine-1"]);
      const [tag] = got.headers.get("etag");
      const changed = await client.ask("UpdateWare", { id: row["id"], stock: 9 }, seller({ "if-match": String(tag) }));
      expect(rowOf(changed.message)).toMatchObject({ stock: "9", name: "Lamp", edition: "2" });
      const stale = await client.ask("UpdateWare", { id: row["id"], stock: 8 }, seller({ "if-match": String(tag) }));
      expect([stale.status.code, detailsOf(stale.status).outcome]).toEqual([
        grpc.status.FAILED_PRECONDITION,
        "precondition_failed",
      ]);
      expect((await client.ask("DeleteWare", { id: row["id"] }, seller())).status.code).toBe(0);
      expect((await client.ask("GetWare", { id: row["id"] }, seller())).status.code).toBe(grpc.status.NOT_FOUND);
    });

    test("SECURITY 35: amounts beyond 2^53 are exact", async () => {
      const row = await made("Much", { price: great });
      expect(row["price"]).toBe(great);
      expect(rowOf((await client.ask("GetWare", { id: row["id"] }, seller())).message)["price"]).toBe(great);
      const quoted = await client.ask("GetWareQuote", { id: row["id"], amount: 3 }, seller());
      expect(quoted.message["total"]).toBe(String(BigInt(great) * 3n));
    });

    test("refusals: code, message in the caller's language, google.rpc.Status with what is wrong", async () => {
      const { status } = await client.ask(
        "CreateWare",
        { stall, name: "x", price: "-1" },
        seller({ "accept-language": "de-AT,en;q=0.5" }),
      );
      expect(status.code).toBe(grpc.status.INVALID_ARGUMENT);
      expect(status.details).toMatch(/^Validierung fehlgeschlagen: Das Feld „Name“ .+ Das Feld „Preis“ .+\.$/);
      const { outcome, issues } = detailsOf(status);
      expect(outcome).toBe("validation_failed");
      expect(Object.keys(issues ?? {}).toSorted()).toEqual(["name", "price"]);
      expect(String(issues?.["name"])).toContain("„Name“");
    });

    const codes: readonly (readonly [
      what: string,
      code: grpc.status,
      outcome: string,
      ask: () => Promise<{ status: Status }>,
    ])[] = [
      ["no credentials", grpc.status.UNAUTHENTICATED, "unauthenticated", () => client.ask("ListWares", {})],
      [
        "a key that is none",
        grpc.status.UNAUTHENTICATED,
        "invalid_credentials",
        () => client.ask("ListWares", {}, { key: `${hall.keys.seller.slice(0, -2)}zz` }),
      ],
      [
        "two keys",
        grpc.status.INVALID_ARGUMENT,
        "invalid_header",
        () => client.ask("ListWares", {}, seller({ "x-api-key": hall.keys.buyer })),
      ],
      [
        "a role that may not",
        grpc.status.PERMISSION_DENIED,
        "forbidden",
        () => client.ask("CreateWare", { stall, name: "No", price: "1" }, { key: hall.keys.buyer }),
      ],
      [
        "a state in which it cannot be",
        grpc.status.FAILED_PRECONDITION,
        "out_of_stock",
        async () => client.ask("SellWare", { id: (await made("Few", { stock: 1 }))["id"], amount: 2 }, seller()),
      ],
      [
        "what exists already",
        grpc.status.ALREADY_EXISTS,
        "already_exists",
        () => client.ask("CreateStall", { name: "The corner" }, seller()),
      ],
      [
        "a page beyond the last",
        grpc.status.OUT_OF_RANGE,
        "page_not_found",
        () => client.ask("ListWares", { page: 4_000 }, seller()),
      ],
      [
        "a header that is none",
        grpc.status.INVALID_ARGUMENT,
        "invalid_header",
        () => client.ask("ListWares", {}, seller({ "pons-tenant": "NOT A TENANT" })),
      ],
      [
        "a key of idempotency that is none",
        grpc.status.INVALID_ARGUMENT,
        "invalid_header",
        () => client.ask("CreateStall", { name: "Odd" }, seller({ "idempotency-key": '"' })),
      ],
    ];
    test.each(codes.map((one) => [one[0], one] as const))("a code for each refusal: %s", async (_, [, code, outcome, ask]) => {
      const { status } = await ask();
      expect([status.code, detailsOf(status).outcome]).toEqual([code, outcome]);
      expect(status.details.length).toBeGreaterThan(3);
    });

    test("the same idempotency key is answered once, and says so", async () => {
      const asked = () => client.ask("CreateStall", { name: "Once" }, seller({ "idempotency-key": '"once-1"' }));
      const [first, again] = [await asked(), await asked()];
      expect(again.message).toEqual(first.message);
      expect([first, again].map(({ status }) => status.metadata.get("idempotent-replayed"))).toEqual([[], ["true"]]);
    });

    test("binary metadata and metadata of others disturb nothing", async () => {
      const { status } = await client.ask(
        "ListWares",
        {},
        seller({ "trace-bin": "\0\u00ff,\n", "x-other": "a, b", "x-empty": "" }),
      );
      expect(status.code).toBe(0);
    });

    test("an older version speaks its own words, and tells that it is old", async () => {
      await using old = await hall.client("bazaar.v1.BazaarService");
      const { message, status } = await old.ask("CreateWare", { stall, title: "Old", price: "3" }, seller());
      expect([status.code, rowOf(message)["title"]]).toEqual([0, "Old"]);
      const { headers } = await old.ask("GetWare", { id: rowOf(message)["id"] }, seller());
      expect(headers.get("link")).toEqual(['</bazaar/v2>; rel="successor-version"']);
    });

    test("a deadline that is over is DEADLINE_EXCEEDED; a call taken back stops", async () => {
      const late = await client.ask("ListWares", {}, { ...seller(), deadlineMs: -1 });
      expect(late.status.code).toBe(grpc.status.DEADLINE_EXCEEDED);
      const talk = client.talk("SellWareStream", { ...seller(), deadlineMs: 200 });
      expect((await talk.status).code).toBe(grpc.status.DEADLINE_EXCEEDED);
      const taken = client.talk("SellWareStream", seller());
      await Bun.sleep(50);
      taken.call.cancel();
      expect((await taken.status).code).toBe(grpc.status.CANCELLED);
    });

    test("Export…: all rows without pages, filtered and in order", async () => {
      for (let at = 0; at < 60; at++) await made(`Export ${String(at).padStart(2, "0")}`);
      const listed = client.list(
        "ExportWares",
        {
          filters: [{ field: "name", operator: "OPERATOR_STARTS_WITH", values: [{ string_value: "Export" }] }],
          order_by: ["name desc"],
        },
        seller(),
      );
      expect((await listed.status).code).toBe(0);
      const names = listed.messages.flatMap(({ wares }) => (wares as Message[]).map(({ name }) => name));
      expect([names.length, names[0], names.at(-1)]).toEqual([60, "Export 59", "Export 00"]);
      const refused = client.list("ExportWares", { order_by: ["nothing"] }, seller());
      expect([(await refused.status).code, refused.messages]).toEqual([grpc.status.INVALID_ARGUMENT, []]);
      const barred = client.list("ExportWares", {}, { key: hall.keys.watcher });
      expect((await barred.status).code).toBe(grpc.status.PERMISSION_DENIED);
    });

    test("…Stream: each item by itself, answered in order, whatever became of others", async () => {
      const { id } = await made("Many", { stock: 30 });
      const talk = client.talk("SellWareStream", seller());
      const amounts = Array.from({ length: 40 }, (_, at) => (at % 4 === 3 ? 200 : 1));
      for (const amount of amounts) talk.call.write({ request: { id, amount } });
      talk.call.end();
      const status = await talk.status;
      expect([status.code, talk.messages.length]).toEqual([0, 40]);
      const stocks = talk.messages.map(({ response, refusal }) =>
        refusal === null || refusal === undefined
          ? Number(((response as Message)["ware"] as Message)["stock"])
          : (refusal as Message)["type"],
      );
      let left = 30;
      expect(stocks).toEqual(amounts.map((amount) => (amount === 200 ? "validation_failed" : (left -= amount))));
    });

    test("…Stream: answers come while it goes on; idempotency keys by item and by stream", async () => {
      const { id } = await made("Keys", { stock: 10 });
      const ask = async (metadata: Readonly<Record<string, string>>, keys: readonly (string | undefined)[]) => {
        const talk = client.talk("SellWareStream", seller(metadata));
        for (const [at, key] of keys.entries()) {
          talk.call.write({ request: { id, amount: 1 }, ...(key === undefined ? {} : { idempotency_key: key }) });
          while (talk.messages.length <= at) await Bun.sleep(1);
        }
        talk.call.end();
        expect((await talk.status).code).toBe(0);
        return talk.messages.map(({ replayed = false }) => replayed);
      };
      expect(await ask({}, ["k-1", "k-2", "k-1"])).toEqual([false, false, true]);
      expect(await ask({ "idempotency-key": '"whole"' }, [undefined, undefined])).toEqual([false, false]);
      expect(await ask({ "idempotency-key": '"whole"' }, [undefined, undefined])).toEqual([true, true]);
    });

    test("…Stream: who may not is refused before an item; If-Match is not about a stream", async () => {
      const barred = client.talk("CreateWareStream", { key: hall.keys.buyer });
      expect((await barred.status).code).toBe(grpc.status.PERMISSION_DENIED);
      const nobody = client.talk("CreateWareStream");
      expect((await nobody.status).code).toBe(grpc.status.UNAUTHENTICATED);
      const matched = client.talk("SellWareStream", seller({ "if-match": '"a"' }));
      expect((await matched.status).code).toBe(grpc.status.INVALID_ARGUMENT);
    });

    test("limits and quotas of each item are its own", async () => {
      const before = await hall.nodes.running.lastSeq();
      const { id } = await made("Journal", { stock: 20 });
      const talk = client.talk("SellWareStream", seller());
      for (let at = 0; at < 20; at++) talk.call.write({ request: { id, amount: 1 } });
      talk.call.end();
      await talk.status;
      // A row in the journal for each.
      expect((await hall.nodes.running.lastSeq()) - before).toBe(21);
    });

    test("gzip and deflate, both ways, where the message is worth it", async () => {
      const note = "Lorem ipsum dolor sit amet. ".repeat(14);
      for (const algorithm of [grpc.compressionAlgorithms.gzip, grpc.compressionAlgorithms.deflate]) {
        await using packed = await hall.client("bazaar.v2.BazaarService", { "grpc.default_compression_algorithm": algorithm });
        const created = await packed.ask("CreateWare", { stall, name: `Packed ${algorithm}`, price: "1", note }, seller());
        expect([created.status.code, rowOf(created.message)["note"]]).toEqual([0, note]);
        const listed = await packed.ask("ListWares", { page_size: 50 }, seller());
        expect([listed.status.code, (listed.message["wares"] as Message[]).length > 10]).toEqual([0, true]);
      }
    });
  });
});
