/** Files of `pons apply`: what is refused, with the line it is in; values from elsewhere; what differs. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import bank from "../../services/bank/index.ts";
import platform from "../../services/platform/index.ts";
import { differenceOf } from "../../src/cli/apply/difference.ts";
import { type Path, readDocument } from "../../src/cli/apply/document.ts";
import { kinds, type KindName } from "../../src/cli/apply/kinds.ts";
import { Names, type Present } from "../../src/cli/apply/names.ts";
import { resolveReferences } from "../../src/cli/apply/references.ts";
import { checkServed } from "../../src/cli/apply/served.ts";
import { factsOf, linesOf } from "../../src/cli/apply/shown.ts";
import { wantedOf } from "../../src/cli/apply/wanted.ts";
import { compile } from "../../src/contract/index.ts";
import type { Row } from "../../src/store/index.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";

const contract = compile(platform);
const contracts = new Map([
  ["platform", contract],
  ["bank", compile(bank)],
]);
const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());

const nothing = (): Present => ({ rows: new Map(), names: new Names() });

/** What a file comes to, over what there is. */
const steps = (
  text: string,
  {
    present = nothing(),
    prune = false,
    environment = {},
  }: { present?: Present; prune?: boolean; environment?: Record<string, string> } = {},
) => {
  const document = readDocument(text, "file");
  const where = (path: Path): string => `file:${document.lineOf(path)}`;
  const { value, hidden } = resolveReferences(document.value, { environment, folder: folder.path, where });
  const wanted = wantedOf(contract, value, { where });
  checkServed(wanted.items, { services: [bank, platform], contracts }, { where });
  return { found: differenceOf(wanted, present, { contract, where, prune }), hidden };
};

const messageOf = (text: string): string => {
  try {
    steps(text);
  } catch (error) {
    const { message, advice } = error as Error & { advice?: string };
    return advice === undefined ? message : `${message} ${advice}`;
  }
  return "accepted";
};

const product = `
  - name: shopping
    title: Shopping
    services: [{ service: bank, roles: [customer] }]`;

describe("refused, with the line", () => {
  const files: readonly (readonly [string, string, string])[] = [
    [
      "a field that is none",
      `products:${product}\n    vizibility: public`,
      'file:5: a product has no field vizibility Did you mean "visibility"?',
    ],
    ["a kind that is none", "product: []", 'file:1: there is nothing called product Did you mean "products"?'],
    ["no list", "products: shopping", "file:1: products is a list"],
    ["an item that is no object", "products:\n  - shopping", "file:2: a product is an object with fields"],
    ["no document", "- products", "file:1: expected an object: products, plans, communities, apps, issuers, grants, policies"],
    ["an item without a name", "plans:\n  - title: Free", "file:2: this plan does not say which one it is: name is missing"],
    ["the same item twice", `products:${product}${product}`, "file:5: the product shopping is there twice"],
    ["a key twice", "plans:\n  - name: free\n    name: pro", "file:3: Map keys must be unique"],
    ["a value of another type", "plans:\n  - name: free\n    title: Free\n    priority: high", "file:4: priority: "],
    ["a value out of range", "plans:\n  - name: free\n    title: Free\n    priority: 10", "file:4: priority: "],
    [
      "a value deep within",
      "plans:\n  - name: free\n    title: Free\n    limits:\n      - name: burst\n        kind: bursts\n        limit: 1",
      "file:6: limits.0.kind: ",
    ],
    [
      "a field deep within that is none",
      "plans:\n  - name: free\n    title: Free\n    limits:\n      - name: burst\n        kind: burst\n        limit: 1\n        window: 1",
      "file:8: limits.0.window: ",
    ],
    ["a new one without a title", "plans:\n  - name: free", "file:2: the plan free is new, and title is missing"],
    [
      "a product that is none",
      `products:${product}\nplans:\n  - name: free\n    title: Free\n    products: [shoping]`,
      "file:8: there is no product shoping",
    ],
    [
      "a plan of a policy that is none",
      "policies:\n  - name: x\n    kind: size\n    settings: { requestBytesMax: 5 }\n    scope:\n      plans: [free]",
      "file:6: there is no plan free",
    ],
    [
      "a service that is not served",
      "products:\n  - name: x\n    title: X\n    services: [{ service: banc, roles: [customer] }]",
      'file:4: there is no service banc Did you mean "bank"?',
    ],
    [
      "a role that the service lacks",
      "products:\n  - name: x\n    title: X\n    services: [{ service: bank, roles: [tella] }]",
      'file:4: there is no role tella in bank Did you mean "teller"?',
    ],
    [
      "a version that is none",
      "products:\n  - name: x\n    title: X\n    services: [{ service: bank, version: v9, roles: [teller] }]",
      "file:4: there is no version v9 of bank Did you mean",
    ],
    [
      "a variable that is not set",
      "plans:\n  - name: free\n    title: $env:NOT_SET",
      "file:3: the environment variable NOT_SET is not set",
    ],
    ["SECURITY 43: an alias", "plans:\n  - &a { name: free, title: Free }\n  - *a", "file:2: an anchor (&name) is not taken"],
    ["SECURITY 43: a tag of a language", "plans: !!js/function 'x'", "file:1: "],
    ["SECURITY 43: a merge key", "plans:\n  - name: free\n    <<: { title: Free }", "file:3: a plan has no field <<"],
    [
      "SECURITY 50: a prototype",
      `products:${product}\n    __proto__: { admin: true }`,
      "file:5: a product has no field __proto__",
    ],
    ["two documents", "plans: []\n---\nplans: []", "file:2: "],
    ["no YAML", "plans: [", "file:1: "],
  ];
  test.each(files.map(([title, text, message]) => ({ title, text, message })))("$title", ({ text, message }) => {
    expect(messageOf(text)).toStartWith(message);
  });

  test("SECURITY 43: what nests without end, and what is too large", () => {
    expect(messageOf(`plans: ${"[".repeat(200_000)}`)).toStartWith("file");
    expect(messageOf(`plans: ${"[".repeat(100)}${"]".repeat(100)}`)).toStartWith("file:1: ");
    expect(messageOf(`plans: []\n#${"x".repeat(1_100_000)}`)).toStartWith("file is larger than");
  });
});

/** What there is: one plan and one product. */
const present = (): Present => {
  const names = new Names();
  const usual = { version: null };
  const rows = new Map<KindName, readonly Row[]>([
    [
      "products",
      [
        {
          id: "prod_1",
          name: "shopping",
          title: "Shopping",
          doc: null,
          services: [{ service: "bank", ...usual, roles: ["customer"] }],
          environments: ["sandbox", "live"],
          visibility: "hidden",
          status: "active",
        },
      ],
    ],
    [
      "plans",
      [
        { id: "plan_1", name: "free", title: "Free", doc: null, products: ["prod_1"], priority: 3, status: "active" },
        { id: "plan_2", name: "old", title: "Old", products: [], status: "retired" },
      ],
    ],
  ]);
  for (const kind of kinds) for (const row of rows.get(kind.name) ?? []) names.note(kind.name, row);
  return { rows, names };
};

describe("differences", () => {
  test("what is there already is none: defaults and names count", () => {
    expect(steps(`products:${product}\nplans:\n  - { name: free, products: [shopping] }`, { present: present() }).found).toEqual(
      [],
    );
  });

  test("field by field, in the order in which rows need one another", () => {
    const text = `plans:\n  - { name: free, priority: 5 }\n  - { name: new, title: New, products: [other] }\nproducts:\n  - { name: other, title: Other, services: [{ service: bank, roles: [teller] }] }`;
    expect(linesOf(steps(text, { present: present() }).found, [])).toEqual([
      "+ product other",
      '    title: "Other"',
      '    services: [{"service":"bank","roles":["teller"]}]',
      "~ plan free",
      "    priority: 3 → 5",
      "+ plan new",
      '    title: "New"',
      '    products: ["other"]',
    ]);
  });

  test("nothing is removed unless asked, and then only of kinds the file speaks of, users of a row first", () => {
    const actions = (text: string, prune: boolean) =>
      steps(text, { present: present(), prune }).found.map(({ action, kind, key }) => `${action} ${kind.name} ${key}`);
    expect(actions("plans: []\nproducts: []", false)).toEqual([]);
    expect(actions("plans: []", true)).toEqual(["remove plans free"]);
    expect(actions("products: []\nplans: []", true)).toEqual(["remove plans free", "remove products shopping"]);
  });

  test("a retired one that is named again comes back", () => {
    expect(factsOf(steps("plans:\n  - name: old", { present: present() }).found, [])).toEqual([
      { action: "change", kind: "plans", name: "old", changes: [{ field: "status", before: "retired", after: "active" }] },
    ]);
    expect(steps("plans:\n  - { name: old, status: retired }", { present: present() }).found).toEqual([]);
  });

  test("values from elsewhere are put in and not shown", () => {
    writeFileSync(folder.at("title.txt"), "From a file\n");
    chmodSync(folder.at("title.txt"), 0o600);
    const text = "plans:\n  - { name: free, title: $file:title.txt, doc: $env:DOC, priority: 5 }";
    const { found, hidden } = steps(text, { present: present(), environment: { DOC: "hush" } });
    expect(found.flatMap((step) => (step.action === "remove" ? [] : [step.item.values]))).toEqual([
      { name: "free", title: "From a file", doc: "hush", priority: 5 },
    ]);
    const shown = [...linesOf(found, hidden), JSON.stringify(factsOf(found, hidden))].join("\n");
    expect(shown).toContain("priority: 3 → 5");
    expect(shown).toContain("••••");
    expect(shown).not.toContain("hush");
    expect(shown).not.toContain("From a file");
  });
});
