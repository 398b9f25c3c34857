/**
 * What is inside a sealed call: the call in words, when it was made, and its number.
 *
 *   { "controller": "accounts", "action": "read", "id": "acc_1", "iat": 1618884473, "jti": "hYl1…" }
 *
 *   action                                    stands for
 *   list                                      QUERY /accounts with `query` as its body, or GET /accounts
 *   read, count                               GET /accounts/{id}, GET /accounts/count, with `query`
 *   create, update, replace, delete           POST, PATCH, PUT, DELETE; with `data`
 *   freeze (any other name, with an id)       POST /accounts/{id}/freeze
 *   disableUnconfirmed, checkLimits           POST /users/disableUnconfirmed, POST /checkLimits (no controller)
 *
 * A singleton is read and changed as a controller without id. Values are checked by the address, as if the call had come openly.
 */
import { isObject } from "./input.ts";

export interface SealedCall {
  readonly method: "GET" | "QUERY" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query below the version: `/accounts/acc_1?fields=id`. */
  readonly target: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly jti: string;
}

/** The name of what is wrong. */
export interface Misread {
  readonly field: string;
}

const word = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
const names = new Set(["controller", "action", "id", "query", "data", "idempotencyKey", "ifMatch", "iat", "jti"]);
const textMax: Readonly<Record<string, number>> = { id: 256, idempotencyKey: 255, ifMatch: 256, jti: 128 };

const changes = { update: "PATCH", replace: "PUT", delete: "DELETE" } as const;
const isChange = (action: string): action is keyof typeof changes => Object.hasOwn(changes, action);

/** Parameters of an address: texts and lists of texts. */
const queryOf = (query: unknown): string | undefined => {
  if (query === undefined) return "";
  if (!isObject(query)) return undefined;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) {
      if (typeof one !== "string" && typeof one !== "number" && typeof one !== "boolean") return undefined;
      parameters.append(name, String(one));
    }
  }
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
};

interface Words {
  readonly controller: string | undefined;
  readonly action: string;
  readonly id: string | undefined;
  readonly query: unknown;
  readonly data: unknown;
}

/** The call as method, address and body. */
const addressed = ({ controller, action, id, query, data }: Words): Pick<SealedCall, "method" | "target" | "body"> | Misread => {
  const row = id === undefined ? "" : `/${encodeURIComponent(id)}`;
  const body = data === undefined ? {} : { body: data };
  if (controller === undefined) return id === undefined ? { method: "POST", target: `/${action}`, ...body } : { field: "id" };
  const place = `/${controller}${row}`;
  if (action === "list" && query !== undefined) return { method: "QUERY", target: place, body: query };
  if (action === "list" || action === "read" || action === "count") {
    const parameters = queryOf(query);
    if (parameters === undefined) return { field: "query" };
    return { method: "GET", target: `${place}${action === "count" ? "/count" : ""}${parameters}` };
  }
  if (action === "create") return { method: "POST", target: place, ...body };
  if (isChange(action)) return { method: changes[action], target: place, ...body };
  return { method: "POST", target: `${place}/${action}`, ...body };
};

/** Reads what was sealed. */
export const readSealedCall = (value: unknown): SealedCall | Misread => {
  if (!isObject(value)) return { field: "sealed" };
  const unknown = Object.keys(value).find((name) => !names.has(name));
  if (unknown !== undefined) return { field: unknown };
  const { controller, action, id, query, data, idempotencyKey, ifMatch, iat, jti } = value;
  const texts = { id, idempotencyKey, ifMatch, jti };
  for (const [field, text] of Object.entries(texts)) {
    const isFitting = text === undefined || (typeof text === "string" && text !== "" && text.length <= (textMax[field] ?? 0));
    if (!isFitting) return { field };
  }
  if (controller !== undefined && (typeof controller !== "string" || !word.test(controller))) return { field: "controller" };
  if (typeof action !== "string" || !word.test(action)) return { field: "action" };
  if (typeof iat !== "number" || !Number.isSafeInteger(iat)) return { field: "iat" };
  if (typeof jti !== "string") return { field: "jti" };
  const call = addressed({ controller, action, id: id as string | undefined, query, data });
  if ("field" in call) return call;
  return {
    ...call,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: idempotencyKey as string }),
    ...(ifMatch === undefined ? {} : { ifMatch: ifMatch as string }),
    iat,
    jti,
  };
};
