/**
 * What each address may refuse, by status. Only what the server really says at that address is listed: the refusals every call shares, those of what
 * it does, and the operation's own.
 */
import { type RefusalType, refusalTypes } from "../refusal-types.ts";
import type { Address, Use } from "./addresses.ts";
import type { Components, Json } from "./components.ts";
import { refusalContent } from "./media.ts";
import { pascal } from "./names.ts";
import { problemSchema, refusalSchema } from "./schemas.ts";

interface Refusable {
  readonly status: number;
  readonly doc: string;
}

const always: readonly RefusalType[] = [
  "invalid_request",
  "invalid_header",
  "unauthenticated",
  "invalid_credentials",
  "forbidden",
  "credential_in_address",
  "scope_required",
  "address_not_allowed",
  "csrf_required",
  "stronger_authentication_required",
  "operation_disabled",
  "spend_cap_reached",
  "too_many_requests",
  "quota_exceeded",
  "concurrency_exceeded",
  "too_many_attempts",
  "maintenance",
  "not_acceptable",
  "uri_too_long",
  // A parameter that an address does not know is refused by its name.
  "validation_failed",
  "internal",
  "unavailable",
  "overloaded",
  "deadline_exceeded",
];
const withBody: readonly RefusalType[] = [
  "invalid_body",
  "invalid_encoding",
  "too_deep",
  "duplicate_key",
  "too_large",
  "unsupported_media_type",
];
const commands: readonly RefusalType[] = [
  "conflict",
  "idempotency_key_reused",
  "unknown_fate",
  "storage_full",
  "validation_failed",
];
const batches: readonly RefusalType[] = ["batch_failed", "rolled_back"];

const ofUse: Readonly<Record<Use, readonly RefusalType[]>> = {
  list: ["invalid_cursor", "page_not_found"],
  query: ["invalid_cursor", "page_not_found", ...withBody],
  get: ["not_found"],
  value: [],
  create: [...withBody, ...batches, "already_exists", "invalid_reference"],
  change: [...withBody, "not_found", "already_exists", "invalid_reference", "precondition_failed"],
  changeMany: [...withBody, ...batches],
  delete: ["not_found", "still_referenced", "precondition_failed"],
  deleteMany: [...withBody, ...batches],
  function: withBody,
  property: ["not_found"],
  setProperty: [...withBody, "not_found", "already_exists", "invalid_reference", "precondition_failed"],
  relate: [...withBody, ...batches, "already_exists", "invalid_reference", "not_found"],
  unrelate: ["not_found"],
  batch: [...withBody, ...batches],
  job: ["not_found"],
  sealed: withBody,
};

/** Refusals of an address: type → status and meaning, own ones last. */
const refusalsOf = (address: Address, options: { readonly isOlder: boolean }): ReadonlyMap<string, Refusable> => {
  const { operation, then, use, path } = address;
  const types: RefusalType[] = [...always, ...ofUse[use]];
  if (operation?.kind === "command" || then !== undefined || use === "batch") types.push(...commands);
  if (path.includes("{id}")) types.push("not_found");
  if (operation?.action === "function" && operation.target === "item") types.push("precondition_failed");
  if (operation?.stepUp === true || then?.stepUp === true) types.push("step_up_required");
  if (options.isOlder) types.push("gone");
  const found = new Map<string, Refusable>();
  for (const type of Object.keys(refusalTypes) as RefusalType[]) if (types.includes(type)) found.set(type, refusalTypes[type]);
  for (const [type, own] of Object.entries((then ?? operation)?.refusals ?? {})) found.set(type, own);
  return found;
};

/** Names of the shared responses. */
const statusNames: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthenticated",
  402: "PaymentRequired",
  403: "Forbidden",
  404: "NotFound",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  412: "PreconditionFailed",
  413: "TooLarge",
  414: "UriTooLong",
  415: "UnsupportedMediaType",
  422: "Unprocessable",
  500: "InternalError",
  503: "Unavailable",
  504: "DeadlineExceeded",
  507: "StorageFull",
};

const issueExample = { name: ["The name must not be empty."] };

const headersOf = (status: number, components: Components): Json => {
  const text = (description: string, type = "string", example?: unknown): Json => ({
    description,
    schema: { type, ...(example === undefined ? {} : { examples: [example] }) },
  });
  return {
    "X-Request-Id": components.ref("headers", "XRequestId", () =>
      text("The request's id: the caller's own or a made one.", "string", "5f1c2a9e-7k"),
    ),
    "Content-Language": components.ref("headers", "ContentLanguage", () =>
      text("Language of the messages (BCP 47).", "string", "en"),
    ),
    ...(status === 401
      ? {
          "WWW-Authenticate": components.ref("headers", "WWWAuthenticate", () =>
            text("RFC 6750.", "string", 'Bearer realm="pons"'),
          ),
        }
      : {}),
    ...(status === 503
      ? {
          "Retry-After": components.ref("headers", "RetryAfter", () =>
            text("Seconds after which it may be tried again.", "integer", 1),
          ),
        }
      : {}),
    ...(status === 415
      ? { "Accept-Post": text("What POST reads here."), "Accept-Patch": text("What PATCH reads here (RFC 5789).") }
      : {}),
  };
};

const response = (status: number, types: ReadonlyMap<string, Refusable>, components: Components): Json => {
  const [first = "internal"] = types.keys();
  const lines = [...types].map(([type, { doc }]) => `- \`${type}\`: ${doc}`);
  const example = {
    success: false,
    error: { code: status, type: first, message: types.get(first)?.doc, requestId: "5f1c2a9e-7k" },
    ...(first === "validation_failed" ? { data: issueExample } : {}),
  };
  return {
    description: lines.join("\n"),
    headers: headersOf(status, components),
    content: refusalContent(
      components.same("schemas", `Refusal${status}`, refusalSchema(components, { status, types: [...types.keys()] })),
      problemSchema(components),
      example,
    ),
  };
};

/** The refusals of an address as responses, by status. */
export const refusalResponses = (address: Address, components: Components, options: { readonly isOlder: boolean }): Json => {
  const byStatus = new Map<number, Map<string, Refusable>>();
  for (const [type, refusable] of refusalsOf(address, options)) {
    const types = byStatus.get(refusable.status) ?? new Map<string, Refusable>();
    types.set(type, refusable);
    byStatus.set(refusable.status, types);
  }
  return Object.fromEntries(
    [...byStatus]
      .toSorted(([a], [b]) => a - b)
      .map(([status, types]) => {
        const base = statusNames[status] ?? pascal(`status${status}`);
        return [String(status), components.same("responses", base, response(status, types, components))];
      }),
  );
};
