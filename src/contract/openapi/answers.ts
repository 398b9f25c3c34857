/** Answers that succeed: statuses, headers and what `data` holds. */
import type { VersionDefinition } from "../../define/version.ts";
import type { Operation } from "../contract.ts";
import type { Address } from "./addresses.ts";
import type { Components, Json } from "./components.ts";
import { answerContent, documentContent, listContent } from "./media.ts";
import { pascal, rowName } from "./names.ts";
import type { DocumentParts } from "./parts.ts";
import { type Schemas, verdictSchema, verdictsSchema } from "./schemas.ts";

const commonHeaders = (components: Components, older: VersionDefinition | undefined): Record<string, Json> => {
  const header = (name: string, description: string, example: unknown, type = "string"): Json =>
    components.ref("headers", name.replaceAll("-", ""), () => ({ description, schema: { type, examples: [example] } }));
  return {
    "X-Request-Id": header("X-Request-Id", "The request's id: the caller's own or a made one.", "5f1c2a9e-7k"),
    "Content-Language": header("Content-Language", "Language of the messages (BCP 47).", "en"),
    ...(older?.deprecated === undefined
      ? {}
      : { Deprecation: header("Deprecation", "RFC 9745.", `@${Date.parse(older.deprecated) / 1000}`) }),
    ...(older?.sunset === undefined ? {} : { Sunset: header("Sunset", "RFC 8594.", new Date(older.sunset).toUTCString()) }),
  };
};

const header = (components: Components, name: string, description: string, schema: Json): Json =>
  components.ref("headers", name.replaceAll("-", ""), () => ({ description, schema }));

const jobSchema = (components: Components): Json =>
  components.ref("schemas", "JobAnswer", () => ({
    type: "object",
    properties: {
      success: { const: true },
      data: {
        type: "object",
        properties: {
          id: { type: "string", examples: ["job_0b8f3ac9d2e14c6f9a1b2c3d4e5f6071"] },
          status: { type: "string", enum: ["running", "done"] },
          createdAt: { type: "string", format: "date-time", examples: ["2026-01-31T09:30:00.000Z"] },
          finishedAt: { type: "string", format: "date-time" },
          outcome: verdictSchema(components),
        },
        required: ["id", "status", "createdAt"],
      },
    },
    required: ["success", "data"],
  }));

const sealedContent = (components: Components): Json => ({
  "application/json": {
    schema: components.ref("schemas", "SealedAnswer", () => ({
      type: "object",
      properties: { sealed: { type: "string", description: "The answer as a JWE." } },
      required: ["sealed"],
      additionalProperties: false,
    })),
  },
});

const listExample = (parts: DocumentParts, operation: Operation): Json | undefined => {
  const { resource } = operation;
  if (resource === undefined) return undefined;
  const { perPage, maxPerPage } = resource;
  return {
    success: true,
    data: [parts.schemas.rowExample(resource)],
    pagination: { totalRecords: 1, totalPages: 1, currentPage: 1, perPage, maxPerPage },
  };
};

const propertyContent = ({ property = "", operation }: Address, schemas: Schemas): Json => {
  const resource = operation?.resource;
  const field = resource?.fields[property];
  if (resource === undefined || field === undefined) throw new Error(`${operation?.name}: no property ${property}`);
  return answerContent(
    schemas.components.ref("schemas", `${rowName(resource)}${pascal(property)}Answer`, () => ({
      type: "object",
      properties: { success: { const: true }, data: schemas.output(property, field) },
      required: ["success", "data"],
    })),
  );
};

/** Answers of an address that succeed. */
export const successes = (address: Address, parts: DocumentParts): Json => {
  const { operation, use, method } = address;
  const { schemas, components, specVersion } = parts;
  const common = commonHeaders(components, parts.older);
  const applied = {
    "Preference-Applied": header(components, "Preference-Applied", "Preferences that were honoured (RFC 7240).", {
      type: "string",
    }),
  };
  const tag = {
    ETag: header(components, "ETag", "Tag of this representation.", { type: "string", examples: ['"9f2c6ad01b3e77c4"'] }),
  };
  const replayed = {
    "Idempotent-Replayed": header(components, "Idempotent-Replayed", "An earlier answer was given again.", {
      type: "string",
      const: "true",
    }),
  };
  const command = { ...common, ...applied, ...replayed };
  const answer = (description: string, headers: Json, content?: Json): Json => ({
    description,
    headers,
    ...(content === undefined ? {} : { content }),
  });
  const verdicts = answerContent(verdictsSchema(components));
  /** The same at many addresses. */
  const shared = (name: string, part: Json): Json => components.same("responses", name, part);
  const job = {
    "202": shared(
      "JobStarted",
      answer(
        "`Prefer: respond-async`: it goes on as a job.",
        {
          ...common,
          ...applied,
          Location: header(components, "Location", "Address of what was made.", { type: "string", format: "uri-reference" }),
        },
        answerContent(jobSchema(components)),
      ),
    ),
  };
  const notModified = {
    "304": shared("NotModified", answer("Nothing changed since the `ETag` of If-None-Match.", { ...common, ...tag })),
  };
  const some = {
    "207": shared(
      "SomeSucceeded",
      answer("Some items succeeded: one verdict each, in order.", { ...common, ...applied }, verdicts),
    ),
  };
  const batch = {
    "200": shared("AllSucceeded", answer("All succeeded: one verdict each, in order.", { ...common, ...applied }, verdicts)),
    ...job,
    ...some,
  };
  if (use === "batch") return batch;
  if (use === "sealed")
    return { "200": answer("The answer, sealed; with the status that it has inside.", common, sealedContent(components)) };
  if (use === "job")
    return { "200": answer("The job, with its outcome once it is done.", common, answerContent(jobSchema(components))) };
  if (operation === undefined) return {};
  const empty = { "204": shared("Done", answer("Done; nothing to say.", command)) };
  const minimal = { "204": shared("Minimal", answer("Done, with `Prefer: return=minimal`.", { ...command, ...tag })) };
  if (use === "delete" || use === "unrelate") return { ...empty, ...job };
  if (use === "changeMany" || use === "deleteMany") return batch;
  if (operation.output.kind === "none") return { ...empty, ...(operation.kind === "command" ? job : {}) };
  if (operation.output.kind === "document") {
    const disposition = header(components, "Content-Disposition", "Name of the file (RFC 6266).", { type: "string" });
    const file = answer(
      "The document, as a file. In a batch or a job it is data: `{ mediaType, filename, encoding, content }`.",
      { ...(operation.kind === "command" ? command : common), "Content-Disposition": disposition },
      documentContent(operation.output.mediaTypes),
    );
    return operation.kind === "query" ? { "200": file } : { "200": file, "201": file, ...job, ...minimal };
  }
  const data = schemas.answer(operation);
  const example = schemas.dataExample(operation);
  const one = answerContent(data, example === undefined ? {} : { example: { success: true, data: example } });
  const accepted = operation.function?.accepted;
  const waits =
    accepted === undefined
      ? job
      : {
          "202": answer(
            `${accepted} Or, with \`Prefer: respond-async\`: it goes on as a job.`,
            command,
            answerContent({ anyOf: [data, jobSchema(components)] }),
          ),
        };
  switch (use) {
    case "list":
    case "query": {
      const row = operation.resource === undefined ? {} : schemas.row(operation.resource);
      const link = { Link: header(components, "Link", "Pages: first, prev, next, last (RFC 8288).", { type: "string" }) };
      const totals = {
        "X-Total-Count": header(components, "X-Total-Count", "Without the envelope: `totalRecords`.", { type: "integer" }),
        "X-Next-Cursor": header(components, "X-Next-Cursor", "Without the envelope: `nextCursor`.", { type: "string" }),
      };
      const content = listContent(data, row, specVersion, { example: listExample(parts, operation) });
      return {
        "200": answer("One page.", { ...common, ...applied, ...tag, ...(method === "GET" ? link : {}), ...totals }, content),
        ...notModified,
      };
    }
    case "value": {
      const isList = operation.output.kind === "stats";
      const content =
        isList && operation.output.kind === "stats"
          ? listContent(data, schemas.statistic(operation, operation.output.statistic), specVersion)
          : one;
      return { "200": answer("The value.", { ...common, ...applied, ...tag }, content), ...notModified };
    }
    case "get":
      return { "200": answer("The row.", { ...common, ...applied, ...tag }, one), ...notModified };
    case "property":
      return {
        "200": answer("The value.", { ...common, ...applied, ...tag }, propertyContent(address, schemas)),
        ...notModified,
      };
    case "create":
    case "relate": {
      const location = {
        Location: header(components, "Location", "Address of what was made.", { type: "string", format: "uri-reference" }),
      };
      const verdicts = "An array: all succeeded, one verdict each.";
      // Rows that are made without code are always new.
      const isNew = use === "create" && operation.function === undefined;
      return {
        "200": isNew
          ? answer(verdicts, command, answerContent(verdictsSchema(components)))
          : answer(
              `${verdicts} One: nothing new came to be; as it was already, or as the call has changed it.`,
              { ...command, ...tag },
              answerContent({ anyOf: [verdictsSchema(components), data] }),
            ),
        "201": answer("Created.", { ...command, ...location, ...tag }, one),
        ...(isNew ? {} : minimal),
        ...waits,
        ...some,
      };
    }
    case "change":
    case "setProperty": {
      const content = use === "change" ? one : propertyContent(address, schemas);
      return {
        "200": answer("As it is now.", { ...command, ...tag }, content),
        ...job,
        ...minimal,
      };
    }
    case "function": {
      const rows = operation.output.kind === "rows" && operation.resource !== undefined;
      const content = rows
        ? listContent(data, schemas.row(operation.resource), specVersion, { example: { success: true, data: example } })
        : one;
      const done = answer("Done.", operation.kind === "command" ? command : { ...common, ...applied }, content);
      if (operation.kind === "query") return { "200": done };
      return {
        "200": done,
        "201": answer("Done, and something was created.", command, content),
        ...waits,
        ...minimal,
      };
    }
  }
};
