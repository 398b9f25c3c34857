/** Access tokens as credentials of connections, also those that are bound to a key of the client's own (RFC 9449). */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DpopVerifier } from "../../src/pipeline/identity/token/dpop.ts";
import { refuse } from "../../src/pipeline/refusal.ts";
import { ProofKey } from "../oauth/flow.ts";
import { testDatabases } from "../postgres/index.ts";
import type { Told } from "./client.ts";
import { type Office, openOffice } from "./office.ts";
import { Raw } from "./raw.ts";

const bound = "eyJib3VuZCI6MX0.eyJib3VuZCI6MX0.c2lnbmF0dXJl";
const short = "eyJzaG9ydCI6MX0.eyJzaG9ydCI6MX0.c2lnbmF0dXJl";
const path = "/post/v2/stream";
const outcomeOf = ({ status, error }: Told): string => (error === undefined ? String(status) : `${status} ${error.type}`);
const ringing = { operation: "ring" };

describe("tokens of connections", () => {
  const key = new ProofKey();
  let office: Office;
  let expiresMs = Number.POSITIVE_INFINITY;
  beforeAll(async () => {
    const sqlite = testDatabases().find(({ engine }) => engine === "sqlite");
    if (sqlite === undefined) throw new Error("there is no SQLite");
    office = await openOffice(await sqlite.create(), {
      limits: { tickMs: 50 },
      tokens: ({ nonces }) => {
        const dpop = new DpopVerifier({ nonces });
        const said = {
          tenant: "demo",
          environment: "sandbox",
          app: null,
          user: null,
          subject: null,
          roles: ["post:clerk"],
          scopes: null,
          grant: null,
        };
        return {
          async verify({ token, scheme, proof }) {
            if (token === short) return { ...said, issuedMs: Date.now(), expiresMs };
            if (token !== bound || scheme !== "DPoP" || proof === undefined) return refuse("invalid_credentials");
            const fault = await dpop.check(proof.jwt, { method: proof.method, url: proof.url, token, jkt: key.thumbprint });
            return fault === undefined
              ? { ...said, issuedMs: Date.now(), expiresMs: Number.POSITIVE_INFINITY }
              : refuse("invalid_credentials");
          },
        };
      },
    });
  });
  afterAll(async () => {
    expect(office.errors).toEqual([]);
    await office[Symbol.asyncDispose]();
  });

  const ath = createHash("sha256").update(bound).digest("base64url");
  const proof = (more: Readonly<Record<string, unknown>> = {}): string =>
    key.proof({ htm: "GET", htu: `${office.at(0).origin}${path}`, ath, ...more });
  const authorization = `DPoP ${bound}`;

  test("SECURITY 10: a proof opens one connection, for as many messages as come, and no second one", async () => {
    const headers = { authorization, dpop: proof() };
    const socket = await office.connect({ headers });
    for (let count = 0; count < 3; count++) expect(outcomeOf(await socket.ask(ringing))).toBe("204");
    expect(outcomeOf(await socket.ask({ id: "s", subscribe: {} }))).toBe("200");
    await Bun.sleep(200);
    expect(outcomeOf(await socket.ask(ringing))).toBe("204");
    socket.close();
    const again = await Raw.open(office.at(0).port, path, {
      Host: new URL(office.at(0).origin).host,
      Authorization: authorization,
      DPoP: headers.dpop,
    });
    expect([again.status, again.refusal]).toEqual([401, "invalid_credentials"]);
  });

  test("SECURITY 10: so does one that comes with the first message", async () => {
    const shown = { authorization, dpop: proof() };
    const socket = await office.connect();
    expect(await socket.ask({ authenticate: shown })).toMatchObject({ authenticated: true });
    expect(outcomeOf(await socket.ask(ringing))).toBe("204");
    socket.close();
    const second = await office.connect();
    expect(outcomeOf(await second.ask({ authenticate: shown }))).toBe("401 invalid_credentials");
    expect(await second.ends()).toBe("4401 invalid_credentials");
  });

  test("SECURITY 10: a proof for something else, or none, opens nothing", async () => {
    const wrong = [
      { authorization, dpop: proof({ htm: "POST" }) },
      { authorization, dpop: proof({ htu: `${office.at(0).origin}/post/v1/stream` }) },
      { authorization, dpop: proof({ ath: "x" }) },
      { authorization, dpop: new ProofKey().proof({ htm: "GET", htu: `${office.at(0).origin}${path}`, ath }) },
      { authorization },
      { authorization: `Bearer ${bound}` },
    ];
    for (const authenticate of wrong) {
      const socket = await office.connect();
      expect(outcomeOf(await socket.ask({ authenticate }))).toBe("401 invalid_credentials");
      await socket.ends();
    }
  });

  test("SECURITY 54: a token that expires ends its connections; a renewed one goes on", async () => {
    expiresMs = Date.now() + 600;
    const socket = await office.connect({ key: short });
    const renewed = await office.connect({ key: short });
    const stream = await office.events("", { key: short });
    expect(outcomeOf(await socket.ask(ringing))).toBe("204");
    expect(await renewed.ask({ authenticate: { authorization, dpop: proof() } })).toMatchObject({ authenticated: true });
    expect(await socket.ends()).toBe("4401 invalid_credentials");
    expect((await stream.last())["reason"]).toBe("invalid_credentials");
    expect(Date.now()).toBeLessThan(expiresMs + 1_500);
    expect(outcomeOf(await renewed.ask(ringing))).toBe("204");
    renewed.close();
  });
});
