/**
 * The OpenAPI documents: complete against the REST channel's own routing table, true in their examples, and the same for the same contract.
 * Whether they are well-formed is for the linters to say (lint.test.ts), whether answers are as they say, for answers.test.ts.
 */
import { describe, expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import type { Address } from "../../src/channels/rest/endpoint.ts";
import { routeTable } from "../../src/channels/rest/route-table.ts";
import { compile } from "../../src/contract/compile.ts";
import type { Contract } from "../../src/contract/contract.ts";
import { addressesOf, openapi, type SpecVersion } from "../../src/contract/openapi/index.ts";
import { versionView, versionViews } from "../../src/contract/versions.ts";
import { compileFields } from "../../src/contract/values/fields.ts";
import { refusalTypes as documentedTypes } from "../../src/contract/refusal-types.ts";
import { refusalTypes } from "../../src/pipeline/refusal.ts";
import shop from "../fixtures/shop.ts";
import library from "./library.ts";

interface Documented {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly deprecated?: boolean;
  readonly parameters: readonly { readonly $ref: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly description?: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly parent?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly responses: Readonly<Record<string, { readonly description: string }>> };
  readonly externalDocs?: { readonly url: string };
}

const documentOf = (contract: Contract, version?: string, specVersion: SpecVersion = "3.2.0"): Document =>
  openapi(contract, { specVersion, ...(version === undefined ? {} : { version }) }) as unknown as Document;

/** `GET /books` of every address the channel answers. */
const routesOf = (contract: Contract, version: string): Set<string> => {
  const table = routeTable(versionView(contract, version).contract, contract);
  const found = new Set<string>();
  const add = (path: string, address: Address | undefined): void => {
    for (const method of address?.endpoints.keys() ?? []) found.add(`${method} ${path}`);
  };
  for (const [name, node] of table.collections) {
    add(`/${name}`, node.address);
    for (const [member, address] of node.members) add(`/${name}/${member}`, address);
    for (const [member, address] of node.stats) add(`/${name}/stats/${member}`, address);
    add(`/${name}/{id}`, node.item);
    for (const [member, { address, related }] of node.itemMembers) {
      add(`/${name}/{id}/${member}`, address);
      add(`/${name}/{id}/${member}/{relatedId}`, related);
    }
  }
  for (const [name, address] of table.alone) add(`/${name}`, address);
  add("/jobs/{id}", table.job);
  return found;
};

/** Answered with 422 `read_only`, so not worth offering: writing a property that no one may write. */
const isUnwritable = (contract: Contract, version: string, route: string): boolean => {
  const match = /^(?:PUT|PATCH) \/(\w+)\/\{id\}\/(\w+)$/.exec(route);
  if (match === null) return false;
  const update = versionView(contract, version).contract.operations.get(`${match[1]}.update`);
  return update !== undefined && !((match[2] ?? "") in update.input);
};

describe("SECURITY 65: every address of the routing table is documented, and no other", () => {
  for (const definition of [library, bank, shop]) {
    const contract = compile(definition);
    for (const version of versionViews(contract).keys()) {
      test(`${contract.service} ${version}`, () => {
        const routes = routesOf(contract, version);
        const documented = new Set(
          Object.entries(documentOf(contract, version).paths).flatMap(([path, item]) =>
            Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
          ),
        );
        expect([...documented].filter((route) => !routes.has(route))).toEqual([]);
        expect([...routes].filter((route) => !documented.has(route) && !isUnwritable(contract, version, route))).toEqual([]);
        expect(documented.size).toBeGreaterThan(20);
      });
    }
  }
});

const operationsOf = (document: Document): Documented[] => Object.values(document.paths).flatMap((item) => Object.values(item));

describe("a document", () => {
  const contract = compile(library);

  test("is the same for the same contract, byte by byte", () => {
    expect(JSON.stringify(documentOf(compile(library)))).toBe(JSON.stringify(documentOf(contract)));
    expect(JSON.stringify(documentOf(compile(library), "v1"))).not.toBe(JSON.stringify(documentOf(contract)));
  });

  test("has unique operation ids, and only tags that are described", () => {
    for (const version of ["v3", "v2", "v1"]) {
      const document = documentOf(contract, version);
      const operations = operationsOf(document);
      expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
      const tags = new Set(document.tags.map(({ name }) => name));
      for (const { tags: used } of operations) for (const tag of used) expect(tags).toContain(tag);
      for (const { parent } of document.tags) if (parent !== undefined) expect(tags).toContain(parent);
    }
  });

  test("has QUERY in 3.2 only", () => {
    expect(documentOf(contract, "v3", "3.2.0").paths["/books"]).toHaveProperty("query");
    expect(documentOf(contract, "v3", "3.1.2").paths["/books"]).not.toHaveProperty("query");
    expect(documentOf(contract, "v3", "3.1.2").openapi).toBe("3.1.2");
  });

  test("says at each address which refusals it may give, the operation's own among them", () => {
    const document = documentOf(contract);
    const told = (path: string, method: string, status: string): string => {
      const response = document.paths[path]?.[method]?.responses[status];
      return document.components.responses[response?.$ref?.split("/").at(-1) ?? ""]?.description ?? response?.description ?? "";
    };
    expect(told("/loans", "post", "409")).toContain("`already_lent`: Someone else has the book.");
    expect(told("/loans", "post", "422")).toContain("`member_blocked`");
    expect(told("/books/{id}", "delete", "409")).toContain("`on_loan`: A book that is lent out cannot be deleted.");
    expect(told("/books/{id}", "delete", "409")).toContain("`still_referenced`");
    expect(told("/books", "get", "404")).toContain("`page_not_found`");
    expect(told("/books", "get", "409")).toBe("");
    expect(told("/books/{id}", "patch", "412")).toContain("`precondition_failed`");
    for (const { responses, operationId } of operationsOf(document)) {
      expect(
        Object.keys(responses).some((status) => status.startsWith("2")),
        operationId,
      ).toBe(true);
      expect(Object.keys(responses)).toContain("401");
    }
  });

  test("says at each address with which statuses it is done: of a create by code whether something new came to be", () => {
    const { paths, components } = documentOf(contract);
    const done = (path: string): readonly string[] =>
      Object.keys(paths[path]?.["post"]?.responses ?? {}).filter((status) => status.startsWith("2"));
    expect(done("/loans")).toEqual(["200", "201", "202", "204", "207"]);
    expect(done("/books")).toEqual(["200", "201", "202", "207"]);
    const [loan, book] = ["/loans", "/books"].map((path) => {
      const { $ref, description } = paths[path]?.["post"]?.responses["200"] ?? {};
      return components.responses[$ref?.split("/").at(-1) ?? ""]?.description ?? description;
    });
    expect([loan, book]).toEqual([
      "An array: all succeeded, one verdict each. One: nothing new came to be; as it was already, or as the call has changed it.",
      "An array: all succeeded, one verdict each.",
    ]);
  });

  test("names only refusals that exist", () => {
    const document = documentOf(contract, "v1");
    const own = [...contract.operations.values()].flatMap(({ refusals }) => Object.keys(refusals));
    const types = Object.values(document.components.responses).flatMap(({ description }) =>
      [...description.matchAll(/^- `(\w+)`/gm)].map(([, type]) => type ?? ""),
    );
    expect(types.length).toBeGreaterThan(50);
    for (const type of types) expect([...own, ...Object.keys(refusalTypes)]).toContain(type);
    expect(types).toContain("gone");
  });

  test("of an older version is in its words, deprecated, and links to the guide", () => {
    const document = documentOf(contract, "v2");
    const text = JSON.stringify(document.paths);
    expect(operationsOf(document).every(({ deprecated }) => deprecated === true)).toBe(true);
    expect(Object.keys(document.paths)).toContain("/books/{id}/name");
    expect(Object.keys(document.paths)).not.toContain("/books/{id}/title");
    expect(text).not.toContain('"title"');
    const full = openapi(contract, { version: "v2", baseUrl: "https://api.example.com" }) as unknown as Document;
    expect(full.externalDocs?.url).toBe("https://api.example.com/guides/library-v3");
    expect(full.servers[0]?.url).toBe("https://api.example.com/library/v2");
  });

  test("a filter on a field with the name of a parameter is written in brackets", () => {
    const text = JSON.stringify(openapi(compile(bank)));
    expect(text).toContain('"name":"language[eq]","in":"query"');
  });
});

test("the refusals that are documented are those the pipeline gives", () => {
  expect(documentedTypes).toEqual(refusalTypes);
});

describe("examples of request bodies are accepted", () => {
  for (const definition of [library, bank, shop]) {
    const contract = compile(definition);
    test(contract.service, () => {
      const document = documentOf(contract);
      let examples = 0;
      for (const { operation, use, path, method } of addressesOf(contract)) {
        if (operation === undefined || !["create", "change", "function"].includes(use)) continue;
        const body = document.paths[path]?.[method.toLowerCase()]?.requestBody?.content["application/json"]?.example;
        if (body === undefined) continue;
        const { input, required, action } = operation;
        const accepted = compileFields(input, {
          required,
          partial: action === "update",
          defaults: action === "create",
          unknown: "refuse",
        })(body, false);
        expect(accepted, `${method} ${path}`).toMatchObject({ ok: true });
        examples++;
      }
      expect(examples).toBeGreaterThan(5);
    });
  }
});
