/**
 * The delivery service over a fresh database, with every channel but without a listener: calls over REST and over SOAP, by keys of its roles.
 *
 *   await using house = await openHouse(await create());
 *   await house.rest("POST", "/orders", order("A-1"))     → { status: 201, data: { … } }
 *   await house.soap("PushOrder", xml(soapOrder("A-1")))  → { return: 1 }, or { type: "order_locked", fault: "soap:Client", … }
 */
import definition from "../../services/delivery/index.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { Description, envelopes } from "../soap/description.ts";
import { serve, type Served, type ServeOptions } from "../soap/served.ts";

export type Data = Record<string, unknown>;
export type Role = "shop" | "warehouse" | "manager";

export interface Heard {
  readonly status: number;
  readonly data: Data;
  /** Rows of a list. */
  readonly rows: readonly Data[];
  /** Of a refusal. */
  readonly error: Data;
  readonly text: string;
}

export interface House extends AsyncDisposable {
  readonly served: Served;
  readonly description: Description;
  rest(method: string, path: string, body?: unknown, role?: Role): Promise<Heard>;
  /** The answer's elements, or the refusal's with `fault`. */
  soap(operation: string, inside: string, headers?: Readonly<Record<string, string>>): Promise<Data>;
  /** What the journal tells, in order. */
  events(): Promise<readonly { readonly type: string; readonly data: Data }[]>;
  /** Places an order; its id. */
  place(externalId: string, more?: Data): Promise<string>;
}

export const namespace = "urn:pons:delivery";

/** Opens the house. It expects at its end that no error of ours was met. */
export const openHouse = async (
  database: TestDatabase,
  aheadMs: () => number = () => 0,
  outside: ServeOptions["outside"] = {},
): Promise<House> => {
  const served = await serve(database, [definition], { aheadMs, outside });
  const description = new Description(await (await served.ask("/delivery/v1/soap?wsdl")).text());
  const keys = new Map<Role, string>();
  for (const role of ["shop", "warehouse", "manager"] as const) keys.set(role, await served.key(role));
  const rest: House["rest"] = async (method, path, body, role = "shop") => {
    const answer = await served.ask(`/delivery/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${keys.get(role)}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const heard = (text === "" || !text.startsWith("{") ? {} : JSON.parse(text)) as { data?: unknown; error?: Data };
    const data = heard.data ?? {};
    return {
      status: answer.status,
      data: data as Data,
      rows: Array.isArray(data) ? (data as Data[]) : [],
      error: heard.error ?? {},
      text,
    };
  };
  return {
    served,
    description,
    rest,
    soap: async (operation, inside, headers = {}) => {
      const answer = await served.ask("/delivery/v1/soap", {
        method: "POST",
        headers: { "content-type": "text/xml; charset=utf-8", authorization: `Bearer ${keys.get("shop")}`, ...headers },
        body: `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body><${operation} xmlns="${namespace}">${inside}</${operation}></e:Body></e:Envelope>`,
      });
      const answered = description.answer(await answer.text());
      return answered.kind === "answer" ? answered.record : { ...answered.refusal, fault: answered.code };
    },
    events: async () => {
      const rows = await served.app.store.admin.query(
        "SELECT events FROM pons_journal WHERE events IS NOT NULL ORDER BY seq",
        [],
      );
      return (rows as { events: unknown }[]).flatMap(
        ({ events }) => (typeof events === "string" ? JSON.parse(events) : events) as { type: string; data: Data }[],
      );
    },
    place: async (externalId, more = {}) => {
      const { status, data, text } = await rest("POST", "/orders", order(externalId, more));
      if (status >= 300) throw new Error(text);
      return String(data["id"]);
    },
    [Symbol.asyncDispose]: async () => {
      description[Symbol.dispose]();
      const errors = [...served.errors];
      await served[Symbol.asyncDispose]();
      if (errors.length > 0) throw new AggregateError(errors, "errors of ours");
    },
  };
};

/** An order as REST takes it. */
export const order = (externalId: string, more: Data = {}): Data => ({
  externalId,
  number: `N ${externalId}`,
  placedAt: "2026-01-31T09:30:00.000Z",
  customer: {
    id: "C-1",
    name: "Ada Lovelace",
    email: "ada@example.com",
    address: { index: "10115", city: "Berlin", street: "Chausseestraße", home: "12" },
  },
  declaredCost: 1250,
  amountToBePaid: 0,
  deliveryType: 3,
  seal: 1,
  goods: [{ sku: "S-1", name: "Mug", length: 1000, width: 1000, height: 1000, weight: 400, quantity: 2, price: 625 }],
  ...more,
});

/** The same order's elements over SOAP, in order. */
export const soapOrder = (externalId: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  ID: externalId,
  Number: `N ${externalId}`,
  Date: "2026-01-31T09:30:00",
  Customer:
    "<ID>C-1</ID><Name>Ada Lovelace</Name><Email>ada@example.com</Email><Address><Index>10115</Index><City>Berlin</City><Street>Chausseestraße</Street><Home>12</Home></Address>",
  DeclaredCost: "12.5",
  AmountToBePaid: "0",
  DeliveryTypeId: "3",
  TypeOfSeal: "1",
  SturdyPackaging: "false",
  Activity: "true",
  Goods:
    "<SKU>S-1</SKU><Name>Mug</Name><Length>0.1</Length><Width>0.1</Width><Height>0.1</Height><Weight>0.4</Weight><Qty>2</Qty><Price>6.25</Price>",
  DeliveryDate: "0001-01-01T00:00:00",
  StartTimeDelivery: "0",
  EndTimeDelivery: "0",
  ...more,
});

export const xml = (parts: Readonly<Record<string, string>>): string =>
  Object.entries(parts)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("");

/** `<IDs>A</IDs><IDs>B</IDs>` */
export const ids = (...values: readonly string[]): string => values.map((value) => `<IDs>${value}</IDs>`).join("");
