/** Clients that other languages' tools generate from the WSDL call the bank and the delivery service, and hear what REST says. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import bank from "../../services/bank/index.ts";
import { digestPasswordOf } from "../../src/channels/soap/index.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";
import delivery from "./delivery.ts";
import { programs, programTest, run } from "./programs.ts";

const here = import.meta.dir;
const clientMsMax = 120_000;
const [sqlite] = testDatabases();

interface Credentials {
  readonly app: string;
  readonly secret: string;
  /** Of digests. */
  readonly digest: string;
}

/** An app with a secret for Basic and one to sign with. */
const credentialsOf = async (plane: Plane, roles: readonly string[]): Promise<Credentials> => {
  const { id } = await plane.app({}, roles);
  const made = async (kind: string): Promise<string> =>
    String((await plane.admin("POST", `/apps/${id}/createKey`, { name: kind, kind, environment: "sandbox" }))["secret"]);
  return { app: id, secret: await made("secret"), digest: digestPasswordOf(new TextEncoder().encode(await made("hmac"))) };
};

/** What every client of the bank hears. */
const expected = {
  name: "Ada <&> Lovelace",
  birthDate: "1990-12-10",
  maxBalance: "9007199254740993",
  balance: "0",
  hasZone: true,
  listed: [1, 1, "Ada <&> Lovelace"],
  status: "frozen",
  fault: { message: "The account is frozen.", type: "account_frozen", status: 422, hasId: true },
};

describe("the bank", () => {
  let plane: Plane;
  let who: Credentials;
  let folder: string;
  beforeAll(async () => {
    plane = await openPlane(await (sqlite as NonNullable<typeof sqlite>).create(), { service: bank });
    who = await credentialsOf(plane, ["teller"]);
    folder = mkdtempSync(join(tmpdir(), "pons-soap-"));
  });
  afterAll(async () => {
    expect(plane.errors).toEqual([]);
    await plane[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const wsdl = (operations?: string): string =>
    `${plane.nodes[0]?.origin}/bank/v2/soap?wsdl${operations === undefined ? "" : `&operations=${operations}`}`;

  for (const kind of ["basic", "text", "digest"] as const) {
    programTest(
      programs.zeep,
      `by zeep, with ${{ basic: "Basic", text: "a UsernameToken", digest: "a digest, over SOAP 1.2" }[kind]}`,
      async () => {
        const out = await run(["/usr/bin/python3", join(here, "clients/bank.py"), wsdl(), who.app, who.secret, who.digest, kind]);
        expect(JSON.parse(out)).toEqual(expected);
      },
      clientMsMax,
    );
  }

  for (const version of ["1.1", "1.2"] as const) {
    programTest(
      programs.php,
      `by PHP, SOAP ${version}`,
      async () => {
        const out = await run(["php", join(here, "clients/bank.php"), wsdl(), who.app, who.secret, version]);
        expect(JSON.parse(out)).toEqual({ ...expected, isSame: true });
      },
      clientMsMax,
    );
  }

  programTest(
    programs.gsoap,
    "by gSOAP",
    async () => {
      const text = await (await fetch(wsdl("CreateCustomer,CreateAccount,GetAccount,ListAccounts,FreezeAccount"))).text();
      await Bun.write(join(folder, "bank.wsdl"), text);
      const at = { cwd: folder };
      await run(["wsdl2h", "-c", "-o", "bank.h", "bank.wsdl"], at);
      await run(["soapcpp2", "-C", "-c", "-x", "-I/usr/share/gsoap/import", "bank.h"], at);
      await run(["gcc", "-w", "-I.", "-o", "bank", "soapC.c", "soapClient.c", join(here, "clients/bank.c"), "-lgsoap"], at);
      const out = await run([join(folder, "bank"), `${plane.nodes[0]?.origin}/bank/v2/soap`, who.app, who.secret], at);
      expect(JSON.parse(out)).toEqual(expected);
    },
    clientMsMax,
  );
});

describe("a service whose messages are given", () => {
  let plane: Plane;
  let who: Credentials;
  let folder: string;
  beforeAll(async () => {
    plane = await openPlane(await (sqlite as NonNullable<typeof sqlite>).create(), { service: delivery });
    who = await credentialsOf(plane, ["shop"]);
    folder = mkdtempSync(join(tmpdir(), "pons-soap-"));
  });
  afterAll(async () => {
    expect(plane.errors).toEqual([]);
    await plane[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  programTest(
    programs.mono,
    "by .NET's tool: names, types and order of arguments as given; the probe is none that failed",
    async () => {
      const address = `${plane.nodes[0]?.origin}/delivery/v1/soap`;
      const at = { cwd: folder };
      await Bun.write(join(folder, "delivery.wsdl"), await (await fetch(`${address}?wsdl`)).text());
      await run(["wsdl", "-out:Delivery.cs", "delivery.wsdl"], at);
      const source = await Bun.file(join(folder, "Delivery.cs")).text();
      const signature = (name: string): string =>
        new RegExp(`public (\\S+ ${name}\\([^\\n]*\\)) \\{`).exec(source)?.[1]?.replace(/\[System[^\]]*\] /g, "") ?? "";
      expect(["CheckDimensions", "PushOrder", "GetTrackNumbers"].map(signature)).toEqual([
        "bool CheckDimensions(Dimensions[] DimensionsList, out float Length, out float Width, out float Height, out float Weight, out string Comment)",
        "long PushOrder(string ID, string Number, System.DateTime Date, Customer Customer, float DeclaredCost, float AmountToBePaid, sbyte TypeOfSeal, bool SturdyPackaging, bool Activity, Goods[] Goods, System.DateTime DeliveryDate, int StartTimeDelivery, string Comment)",
        "System.DateTime GetTrackNumbers(System.DateTime DateOfLastGetting, out TrackNumber[] TrackNumbers)",
      ]);
      await run(["mcs", "-out:client.exe", "-r:System.Web.Services", join(here, "clients/delivery.cs"), "Delivery.cs"], at);
      const out = await run(["mono", "client.exe", address, who.app, who.secret], at);
      expect(out.trim().split("\n")).toEqual([
        "True 0.1331 0.1 0.0808 0.775 ''",
        "False 40.575 'The weight is exceeded by 10,575 g.'",
        "True True",
        "Client order_locked 'The order is on a register.'",
        "2026-01-31T09:30:00.0000000Z 2 True none",
      ]);
      const refused = await plane.sql(
        "SELECT count(*) AS refused FROM pons_refusals WHERE type IN ('unauthenticated', 'invalid_credentials')",
      );
      expect(Number(refused[0]?.["refused"])).toBe(0);
    },
    clientMsMax,
  );
});
