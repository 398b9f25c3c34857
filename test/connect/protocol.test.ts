/**
 * Connect and gRPC-Web as they stand on the wire (connectrpc.com/docs/protocol, PROTOCOL-WEB.md): media types, GET, errors, time limits, compression, and what
 * hostile requests get. How requests are read does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliCompressSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { resource, service, t, version } from "../../src/index.ts";
import { openPlane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bazaar, openBazaar } from "./bazaar.ts";
import { endOf, framed, framesOf, post, reasonOf, refusedWith, type Told } from "./wire.ts";

const none = new Uint8Array(0);
const proto = "application/proto";
const stream = "application/connect+proto";
const grpcWeb = "application/grpc-web+proto";

for (const { engine, create } of testDatabases().filter((database) => database.engine === "sqlite")) {
  describe(engine, () => {
    let bazaar: Bazaar;
    beforeAll(async () => (bazaar = await openBazaar(await create())));
    afterAll(async () => {
      expect(bazaar.plane.errors).toEqual([]);
      await bazaar[Symbol.asyncDispose]();
    });

    const json = (value: unknown): string => JSON.stringify(value);
    /** Bytes of a request with one text field. */
    const textField = (number: number, text: string): Uint8Array =>
      new BinaryWriter().tag(number, WireType.LengthDelimited).string(text).finish();
    const getWare = (): Uint8Array => textField(1, bazaar.ware);

    describe("Connect, one message", () => {
      test("JSON in both cases of names, with a charset, and nothing of what is not there", async () => {
        for (const type of ["application/json", "application/json; charset=utf-8", 'Application/JSON;Charset="UTF-8"']) {
          const response = await post(bazaar, "ListWares", {
            type,
            body: json({ page_size: 1, readMask: "id,price" }),
          });
          expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
          expect(await response.json()).toEqual({
            wares: [{ id: bazaar.ware, price: "10" }],
            pageInfo: { currentPage: 1, perPage: 1, maxPerPage: 50 },
          });
        }
      });

      test("an answer says what REST's says in its headers", async () => {
        const headers = { "x-request-id": "mine-7", "accept-language": "de" };
        const { headers: told } = await post(bazaar, "GetWare", { type: proto, body: getWare(), headers });
        const names = ["content-type", "x-request-id", "content-language", "cache-control", "x-content-type-options"];
        expect(names.map((name) => told.get(name))).toEqual([proto, "mine-7", "de", "no-store", "nosniff"]);
        const rest = await bazaar.plane.ask(`/bazaar/v2/wares/${bazaar.ware}`, { key: bazaar.seller });
        expect(told.get("etag")).toBe(rest.headers.get("etag"));
      });

      test("GET: messages in JSON and in base64, with and without padding, packed", async () => {
        const base = `${bazaar.origin}/bazaar.v2.BazaarService/GetWare?connect=v1`;
        const packed = Buffer.from(Bun.gzipSync(Buffer.from(json({ id: bazaar.ware })))).toString("base64url");
        const bytes = Buffer.from(getWare());
        for (const query of [
          `encoding=json&message=${encodeURIComponent(json({ id: bazaar.ware }))}`,
          `encoding=proto&base64=1&message=${bytes.toString("base64url")}`,
          `encoding=proto&base64=1&message=${encodeURIComponent(bytes.toString("base64"))}`,
          `encoding=json&base64=1&compression=gzip&message=${packed}`,
        ]) {
          const response = await fetch(`${base}&${query}`, { headers: { authorization: `Bearer ${bazaar.seller}` } });
          expect([query, response.status, (await response.arrayBuffer()).byteLength > 50]).toEqual([query, 200, true]);
          const head = await fetch(`${base}&${query}`, { method: "HEAD", headers: { authorization: `Bearer ${bazaar.seller}` } });
          expect([head.status, await head.text()]).toEqual([200, ""]);
        }
      });

      test("a refusal is an error with its details, also for who can read only JSON", async () => {
        const response = await post(bazaar, "CreateWare", { body: json({ stall: bazaar.stall, name: "A", price: "1" }) });
        expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/json"]);
        const told = (await response.json()) as Told;
        expect(told).toMatchObject({
          code: "invalid_argument",
          message: "Validation failed: The name must have at least 2 characters.",
        });
        const byType = Object.fromEntries(told.details.map(({ type, debug }) => [type.replace("google.rpc.", ""), debug]));
        expect(byType).toEqual({
          ErrorInfo: { reason: "validation_failed", domain: "bazaar", metadata: { status: "422" } },
          BadRequest: { fieldViolations: [{ field: "name", description: expect.any(String), reason: "too_short" }] },
          LocalizedMessage: { locale: "en", message: "Validation failed" },
          RequestInfo: { requestId: response.headers.get("x-request-id") },
        });
        for (const { value } of told.details) expect(value).toMatch(/^[A-Za-z0-9+/]+$/);
      });

      test("what is not there, not allowed, or not understood", async () => {
        const body = json({ id: bazaar.ware });
        expect(await refusedWith(post(bazaar, "Nope", { body }))).toEqual([404, "unimplemented", "not_implemented"]);
        expect(await refusedWith(post(bazaar, "GetWare", { body, version: "v9" }))).toEqual([
          404,
          "unimplemented",
          "not_implemented",
        ]);
        expect(await refusedWith(post(bazaar, "GetWare/more", { body }))).toEqual([404, "unimplemented", "not_implemented"]);
        expect(await refusedWith(post(bazaar, "GetWare", { body, key: undefined }))).toEqual([
          401,
          "unauthenticated",
          "unauthenticated",
        ]);
        expect(await refusedWith(post(bazaar, "GetWare", { body, key: "pons_live_nonsense" }))).toEqual([
          401,
          "unauthenticated",
          "invalid_credentials",
        ]);
        expect(await refusedWith(post(bazaar, "CreateStall", { body: json({ name: "x" }), key: bazaar.buyer }))).toEqual([
          403,
          "permission_denied",
          "forbidden",
        ]);
        expect(await refusedWith(post(bazaar, "ListWares", { body: json({ page: 99 }) }))).toEqual([
          400,
          "out_of_range",
          "page_not_found",
        ]);
        expect(await refusedWith(post(bazaar, "CreateStall", { body: json({ name: "The corner" }) }))).toEqual([
          409,
          "already_exists",
          "already_exists",
        ]);
        expect(await refusedWith(post(bazaar, "DeleteStall", { body: json({ id: bazaar.stall }) }))).toEqual([
          400,
          "failed_precondition",
          "still_referenced",
        ]);
      });

      test("a version that is over says so, in every form", async () => {
        const shelf = resource("shelves", { doc: "Shelves.", fields: { id: t.id("shl") } }, ({ all }) => ({
          rows: { seller: all },
        }));
        const past = version("v1", { changes: [], deprecated: "2020-01-01", sunset: "2021-01-01" });
        const roles = { seller: "Sells." };
        const definition = service("past", { doc: "Past.", version: "v2", roles, resources: [shelf], older: [past] });
        await using plane = await openPlane(await create(), { service: definition });
        const ask = (name: string, type: string, body: string): Promise<Response> =>
          fetch(`${plane.nodes[0]?.origin}/past.${name}.PastService/ListShelves`, {
            method: "POST",
            headers: { "content-type": type },
            body,
          });
        expect((await ask("v2", "application/json", "{}")).status).toBe(401);
        expect(await refusedWith(ask("v1", "application/json", "{}"))).toEqual([410, "unimplemented", "gone"]);
        const response = await ask("v1", grpcWeb, "");
        expect([response.status, (await response.text()).includes("grpc-status: 12")]).toEqual([200, true]);
      });

      test("methods and media types", async () => {
        const put = await post(bazaar, "GetWare", { method: "PUT", body: "{}" });
        expect([put.status, put.headers.get("allow"), ((await put.json()) as Told).code]).toEqual([
          405,
          "GET, HEAD, POST, OPTIONS",
          "unimplemented",
        ]);
        const get = await fetch(`${bazaar.origin}/bazaar.v2.BazaarService/DeleteWare?connect=v1&encoding=json&message=%7B%7D`, {
          headers: { authorization: `Bearer ${bazaar.seller}` },
        });
        expect([get.status, get.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
        for (const type of [
          "text/plain",
          "",
          "application/grpc",
          "application/json; charset=utf-16",
          "application/connect+json",
        ]) {
          const response = await post(bazaar, "GetWare", { type, body: new Uint8Array([123, 125]) });
          expect([type, response.status, response.headers.get("accept-post")?.includes("application/proto")]).toEqual([
            type,
            415,
            true,
          ]);
        }
        expect((await post(bazaar, "ExportWares", { body: "{}" })).status).toBe(415);
      });

      test("SECURITY 41: JSON that two parsers could read differently is refused", async () => {
        const ware = bazaar.ware;
        for (const body of [
          "",
          "{",
          `{"id":"${ware}","id":"${ware}"}`,
          `\u{feff}{"id":"${ware}"}`,
          `{"id":"\\ud800"}`,
          `{"__proto__":{}}`,
          `{"id":"${ware}"}{}`,
          "[]",
          "null",
          `{"include":${'[{"include":'.repeat(40)}[]${"}]".repeat(40)}}`,
        ]) {
          const [status, code] = await refusedWith(post(bazaar, "GetWare", { body }));
          expect([body.slice(0, 40), status, code]).toEqual([body.slice(0, 40), 400, "invalid_argument"]);
        }
      });

      test("SECURITY 35: amounts that are none are refused, those beyond 2^53 are exact", async () => {
        const create = (price: string): Promise<Response> =>
          post(bazaar, "CreateWare", { body: `{"stall":"${bazaar.stall}","name":"Exact ${price.length}","price":${price}}` });
        for (const price of [
          "1e400",
          "1.5",
          '"1,00"',
          '"NaN"',
          "NaN",
          '"Infinity"',
          "-1",
          "9223372036854775808",
          '"٣"',
          '""',
          "true",
          "null",
          "{}",
        ])
          expect([price, (await create(price)).status]).toEqual([price, 400]);
        for (const price of ["9007199254740993", '"9007199254740993"']) {
          const { ware } = (await (await create(price)).json()) as { ware: { id: string; price: string } };
          expect(ware.price).toBe("9007199254740993");
          await post(bazaar, "DeleteWare", { body: json({ id: ware.id }) });
        }
      });

      test("SECURITY 26: a field that nobody may write, or that there is none of, is refused and changes nothing", async () => {
        const before = await bazaar.plane.ask(`/bazaar/v2/wares/${bazaar.ware}`, { key: bazaar.seller });
        const numbers = Object.fromEntries(
          [
            ...(/^message Ware \{\n([\s\S]*?)^\}/m
              .exec(bazaar.proto().text)?.[1]
              ?.matchAll(/^ {2}optional \w+ (\w+) = (\d+);$/gm) ?? []),
          ].map(([, name = "", number]) => [name, Number(number)]),
        );
        const id = textField(numbers["id"] ?? 0, bazaar.ware);
        for (const number of [numbers["edition"] ?? 0, 999, 18_999, 20_000, 536_870_911]) {
          const body = Buffer.concat([id, new BinaryWriter().tag(number, WireType.Varint).int64(7n).finish()]);
          expect([number, await refusedWith(post(bazaar, "UpdateWare", { type: proto, body }))]).toEqual([
            number,
            [400, "invalid_argument", "invalid_body"],
          ]);
        }
        for (const body of [{ edition: 7 }, { tenant: "other" }, { realm: 1 }, { constructor: {} }])
          expect((await post(bazaar, "UpdateWare", { body: json({ id: bazaar.ware, ...body }) })).status).toBe(400);
        const masked = { id: bazaar.ware, updateMask: "edition" };
        expect(await refusedWith(post(bazaar, "UpdateWare", { body: json(masked) }))).toEqual([
          400,
          "invalid_argument",
          "validation_failed",
        ]);
        for (const updateMask of ["__proto__", "*", "constructor.name", "stall.name", "", "nope"])
          expect([
            updateMask,
            (await post(bazaar, "UpdateWare", { body: json({ id: bazaar.ware, updateMask }) })).status,
          ]).toEqual([updateMask, updateMask === "" ? 200 : 400]);
        // Who may not write a field: a buyer may not even ask; the seller's own fields are his.
        const after = await bazaar.plane.ask(`/bazaar/v2/wares/${bazaar.ware}`, { key: bazaar.seller });
        expect({ ...(after.data as object), edition: 0 }).toEqual({ ...(before.data as object), edition: 0 });
      });

      test("SECURITY 51: bodies and messages beyond 4 MiB", async () => {
        const large = new Uint8Array(4 * 1024 * 1024 + 1);
        expect(await refusedWith(post(bazaar, "GetWare", { type: proto, body: large }))).toEqual([
          429,
          "resource_exhausted",
          "too_large",
        ]);
        const unknownLength = new ReadableStream<Uint8Array>({
          start(controller) {
            for (let part = 0; part < 5; part++) controller.enqueue(new Uint8Array(1024 * 1024));
            controller.close();
          },
        });
        expect(await refusedWith(post(bazaar, "GetWare", { type: proto, body: unknownLength }))).toEqual([
          429,
          "resource_exhausted",
          "too_large",
        ]);
        const end = endOf(framesOf(await (await post(bazaar, "ExportWares", { type: stream, body: framed(large) })).bytes()));
        expect([end.error?.code, end.error === undefined ? "" : reasonOf(end.error)]).toEqual([
          "resource_exhausted",
          "too_large",
        ]);
        const said = Uint8Array.from([0, 255, 255, 255, 255, 1]);
        expect(endOf(framesOf(await (await post(bazaar, "ExportWares", { type: stream, body: said })).bytes())).error?.code).toBe(
          "resource_exhausted",
        );
      });

      test("compressed requests and answers", async () => {
        const body = Buffer.from(json({ stall: bazaar.stall, name: "Packed", price: "1", note: "n".repeat(390) }));
        const codings = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync };
        for (const [coding, pack] of Object.entries(codings)) {
          const response = await post(bazaar, "CreateWare", { body: pack(body), headers: { "content-encoding": coding } });
          const { ware } = (await response.json()) as { ware: { id: string; name: string } };
          expect([coding, ware.name]).toEqual([coding, "Packed"]);
          await post(bazaar, "DeleteWare", { body: json({ id: ware.id }) });
        }
        expect(await refusedWith(post(bazaar, "GetWare", { body: "{}", headers: { "content-encoding": "snappy" } }))).toEqual([
          415,
          "unimplemented",
          "unsupported_media_type",
        ]);
        for (let index = 0; index < 6; index++)
          await post(bazaar, "CreateWare", {
            body: json({ stall: bazaar.stall, name: `Long ${index}`, price: "1", note: "n".repeat(390) }),
          });
        for (const coding of ["gzip", "br", "zstd"]) {
          const response = await post(bazaar, "ListWares", { body: "{}", headers: { "accept-encoding": coding } });
          expect([
            coding,
            response.headers.get("content-encoding"),
            ((await response.json()) as { wares: unknown[] }).wares.length,
          ]).toEqual([coding, coding, 5]);
        }
      });

      test("SECURITY 44: an order of a megabyte of spaces costs no more time than any other message of its length", async () => {
        for (const middle of [" ".repeat(1_000_000), "\t ".repeat(500_000)]) {
          const start = performance.now();
          const asked = post(bazaar, "ListWares", { body: json({ orderBy: [`name${middle}x`] }) });
          expect((await refusedWith(asked))[1]).toBe("invalid_argument");
          expect(performance.now() - start).toBeLessThan(3_000);
        }
        const sorted = async (order: string): Promise<unknown> =>
          (await post(bazaar, "ListWares", { body: json({ orderBy: [order] }) })).json();
        expect(await sorted("price \t DESC, name")).toEqual(await sorted("price desc,name asc"));
      });

      test("SECURITY 45: a bomb is stopped while it inflates", async () => {
        const bomb = Bun.gzipSync(new Uint8Array(64 * 1024 * 1024));
        expect(
          await refusedWith(post(bazaar, "GetWare", { type: proto, body: bomb, headers: { "content-encoding": "gzip" } })),
        ).toEqual([429, "resource_exhausted", "too_large"]);
        const response = await post(bazaar, "ExportWares", {
          type: stream,
          body: framed(bomb, 1),
          headers: { "connect-content-encoding": "gzip" },
        });
        expect(endOf(framesOf(await response.bytes())).error?.code).toBe("resource_exhausted");
      });

      test("SECURITY 53: time limits: those that are malformed, those that are over", async () => {
        for (const limit of ["-1", "1.5", "99999999999", "soon", ""])
          if (limit !== "")
            expect([
              limit,
              await refusedWith(post(bazaar, "GetWare", { body: "{}", headers: { "connect-timeout-ms": limit } })),
            ]).toEqual([limit, [400, "invalid_argument", "invalid_header"]]);
        expect(
          await refusedWith(post(bazaar, "GetWare", { body: json({ id: bazaar.ware }), headers: { "connect-timeout-ms": "0" } })),
        ).toEqual([504, "deadline_exceeded", "deadline_exceeded"]);
        expect(
          (await post(bazaar, "GetWare", { body: json({ id: bazaar.ware }), headers: { "connect-timeout-ms": "5000" } })).status,
        ).toBe(200);
        expect(await refusedWith(post(bazaar, "GetWare", { body: "{}", headers: { "connect-protocol-version": "2" } }))).toEqual([
          400,
          "invalid_argument",
          "invalid_header",
        ]);
      });

      test("SECURITY 6: a credential in the address is refused", async () => {
        const path = `${bazaar.origin}/bazaar.v2.BazaarService/GetWare?encoding=json&message=%7B%7D&apiKey=${bazaar.seller}`;
        expect((await fetch(path)).status).toBeGreaterThanOrEqual(400);
      });
    });

    describe("gRPC-Web", () => {
      const trailersOf = (text: string): Record<string, string> =>
        Object.fromEntries(
          text
            .split("\r\n")
            .filter((line) => line !== "")
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        );

      test("a message and its trailers, in bytes and in base64", async () => {
        const body = framed(getWare());
        const plain = framesOf(await (await post(bazaar, "GetWare", { type: grpcWeb, body })).bytes());
        expect(plain.map(({ flags }) => flags)).toEqual([0, 0x80]);
        expect(trailersOf(plain[1]?.text ?? "")).toEqual({ "grpc-status": "0" });
        const response = await post(bazaar, "GetWare", {
          type: "application/grpc-web-text",
          body: Buffer.from(body).toString("base64"),
        });
        expect(response.headers.get("content-type")).toBe("application/grpc-web-text+proto");
        const pieces = (await response.text()).match(/[^=]+={0,2}/g) ?? [];
        const text = framesOf(new Uint8Array(Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")))));
        expect(text.map(({ data }) => [...data])).toEqual(plain.map(({ data }) => [...data]));
      });

      test("base64 in pieces that are padded by themselves; what is none is refused", async () => {
        const body = framed(getWare());
        const pieces = [body.subarray(0, 4), body.subarray(4, 9), body.subarray(9)].map((piece) => piece.toBase64()).join("");
        const ask = async (text: string): Promise<string | undefined> => {
          const response = await post(bazaar, "GetWare", { type: "application/grpc-web-text", body: text });
          const parts = (await response.text()).match(/[^=]+={0,2}/g) ?? [];
          const frames = framesOf(new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part, "base64")))));
          return trailersOf(frames.at(-1)?.text ?? "")["grpc-status"];
        };
        expect(await ask(pieces)).toBe("0");
        for (const text of ["=", "*", "AAAA*AAA", "AAA", pieces.slice(0, -1), "AA==AA="])
          expect([text, await ask(text)]).toEqual([text, "3"]);
      });

      test("a refusal: status 200, and all that is to be said in the trailers, in ASCII", async () => {
        const response = await post(bazaar, "CreateWare", {
          type: grpcWeb,
          body: framed(none),
          headers: { "accept-language": "de" },
        });
        const [frame] = framesOf(await response.bytes());
        expect([response.status, frame?.flags]).toEqual([200, 0x80]);
        const trailers = trailersOf(frame?.text ?? "");
        expect(trailers["grpc-status"]).toBe("3");
        expect(decodeURIComponent(trailers["grpc-message"] ?? "")).toMatch(
          /^Validierung fehlgeschlagen: Das Feld „.+ darf nicht leer sein\.$/,
        );
        expect(Buffer.from(trailers["grpc-status-details-bin"] ?? "", "base64").toString()).toContain("darf nicht");
        expect(frame?.text).toMatch(/^[\x20-\x7e\r\n]*$/);
      });

      test("a message packed both ways; time limits; media types of its own", async () => {
        const packed = framed(gzipSync(getWare()), 1);
        const headers = { "grpc-encoding": "gzip", "grpc-accept-encoding": "identity,gzip", "grpc-timeout": "5S" };
        const frames = framesOf(await (await post(bazaar, "GetWare", { type: grpcWeb, body: packed, headers })).bytes());
        expect(trailersOf(frames.at(-1)?.text ?? "")["grpc-status"]).toBe("0");
        const list = await post(bazaar, "ListWares", { type: grpcWeb, body: framed(none), headers });
        const [first] = framesOf(await list.bytes());
        expect([list.headers.get("grpc-encoding"), first?.flags]).toEqual(["gzip", 1]);
        expect(gunzipSync(first?.data ?? none).length).toBeGreaterThan(1_000);
        const statusOf = async (
          more: Record<string, string>,
          body: Uint8Array = framed(getWare()),
        ): Promise<string | undefined> =>
          trailersOf(
            framesOf(await (await post(bazaar, "GetWare", { type: grpcWeb, body, headers: more })).bytes()).at(-1)?.text ?? "",
          )["grpc-status"];
        expect(await statusOf({ "grpc-encoding": "snappy" })).toBe("12");
        expect(await statusOf({ "grpc-timeout": "1n" })).toBe("4");
        expect(await statusOf({ "grpc-timeout": "1x" })).toBe("3");
        expect(await statusOf({}, framed(getWare(), 1))).toBe("3");
        expect(await statusOf({}, none)).toBe("12");
        expect(await statusOf({}, new Uint8Array([...framed(getWare()), ...framed(getWare())]))).toBe("12");
        expect(await statusOf({}, framed(getWare()).subarray(0, -1))).toBe("3");
        const asJson = await post(bazaar, "GetWare", {
          type: "application/grpc-web+json",
          body: framed(Buffer.from(json({ id: bazaar.ware }))),
        });
        expect(framesOf(await asJson.bytes())[0]?.text).toContain(`"id":"${bazaar.ware}"`);
      });
    });
  });
}
