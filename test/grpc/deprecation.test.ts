/** SECURITY 65: an old version, and what a policy has put an end to, say so in the metadata of gRPC, gRPC-Web and Connect, as REST does in headers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { connect, type ClientHttp2Session } from "node:http2";
import { resource, service, t, version } from "pons";
import { exchange } from "../channels/drivers/grpc.ts";
import { forEachEngine } from "../core/harness.ts";
import { openPlane, type Plane } from "../manage/plane.ts";

const shelves = resource("shelves", { doc: "Shelves.", fields: { id: t.id("shl") } }, ({ all }) => ({ rows: { seller: all } }));
const guide = "https://ages.example/guides/v2";
const ages = service("ages", {
  doc: "Ages.",
  version: "v2",
  roles: { seller: "Sells." },
  resources: [shelves],
  older: [version("v1", { changes: [], deprecated: "2026-01-01", sunset: "2999-01-01", guide })],
});

const ofVersion = { deprecation: `@${Date.parse("2026-01-01T00:00:00Z") / 1_000}`, sunset: "Tue, 01 Jan 2999 00:00:00 GMT" };
const settings = { deprecatedAt: "2026-02-01T00:00:00Z", sunsetAt: "2998-01-01T00:00:00Z", link: "https://ages.example/end" };
const ofPolicy = { deprecation: `@${Date.parse(settings.deprecatedAt) / 1_000}`, sunset: "Mon, 01 Jan 2998 00:00:00 GMT" };

type Told = Readonly<Record<"deprecation" | "sunset" | "link", string | null>>;

forEachEngine((engine) => {
  describe("the end of a version or operation", () => {
    let plane: Plane;
    let session: ClientHttp2Session;
    let key: string;
    beforeAll(async () => {
      plane = await openPlane(await engine.create(), { service: ages });
      ({ key } = await plane.app({}, ["seller"]));
      const listeners = await plane.nodes[0]?.listeners();
      session = connect(`http://127.0.0.1:${listeners?.grpcPort}`);
    });
    afterEach(() => plane.clear());
    afterAll(async () => {
      session.close();
      expect(plane.errors).toEqual([]);
      await plane[Symbol.asyncDispose]();
    });

    const toldIn = (get: (name: string) => string | null): Told => ({
      deprecation: get("deprecation"),
      sunset: get("sunset"),
      link: get("link"),
    });
    const grpc =
      (method: string, secret = () => key) =>
      async (name: string): Promise<Told> => {
        const path = `/ages.${name}.AgesService/${method}`;
        const { headers, trailers } = await exchange(session, path, [new Uint8Array()], { authorization: `Bearer ${secret()}` });
        return toldIn((field) => String(headers[field] ?? trailers[field] ?? "") || null);
      };
    const post =
      (type: string, body: string | Uint8Array<ArrayBuffer>) =>
      async (name: string): Promise<Told> => {
        const response = await fetch(`${plane.nodes[0]?.origin}/ages.${name}.AgesService/ListShelves`, {
          method: "POST",
          headers: { "content-type": type, authorization: `Bearer ${key}` },
          body,
        });
        await response.arrayBuffer();
        return toldIn((field) => response.headers.get(field));
      };
    const rest = async (name: string): Promise<Told> => {
      const { headers } = await plane.ask(`/ages/${name}/shelves`, { key });
      return toldIn((field) => headers.get(field));
    };
    const ways: readonly (readonly [string, (name: string) => Promise<Told>])[] = [
      ["gRPC", grpc("ListShelves")],
      ["gRPC, a stream", grpc("ExportShelves")],
      ["gRPC-Web", post("application/grpc-web+proto", new Uint8Array(5))],
      ["Connect", post("application/json", "{}")],
      ["REST", rest],
    ];

    test("SECURITY 65: an old version tells since when it is deprecated, until when it is there, and what comes after it", async () => {
      for (const [way, ask] of ways) {
        const { link, ...told } = await ask("v1");
        expect([way, told]).toEqual([way, ofVersion]);
        expect([way, link?.includes(guide), link?.includes('</ages/v2>; rel="successor-version"')]).toEqual([way, true, true]);
        expect([way, (await ask("v2")).deprecation, (await ask("v2")).sunset]).toEqual([way, null, null]);
      }
      // Refusals too.
      const { link: _link, ...refused } = await grpc("ListShelves", () => `${key.slice(0, -3)}aaa`)("v1");
      expect(refused).toEqual(ofVersion);
    });

    test("SECURITY 65: a policy tells of an operation's end, once, and goes before what the version says", async () => {
      await plane.policy("deprecation", settings, { scope: { operations: ["ages.shelves.*"] } });
      for (const [way, ask] of ways) {
        for (const name of ["v2", "v1"]) {
          const { link, ...told } = await ask(name);
          expect([way, name, told]).toEqual([way, name, ofPolicy]);
          expect([way, name, link?.includes(settings.link)]).toEqual([way, name, true]);
        }
      }
    });
  });
});
