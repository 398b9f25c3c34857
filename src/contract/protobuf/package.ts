/** A version of a contract as a package: one service, a method per operation, `Export…` for every list, `…Stream` for every command on rows. */
import type { Contract, Operation } from "../contract.ts";
import type { Numbers } from "../lock/numbers.ts";
import { versionView } from "../versions.ts";
import { emptyMessage, type MessageModel, type MethodModel, type PackageModel } from "./model.ts";
import { methodName, Names, pascalCase } from "./names.ts";
import { requestMessage } from "./requests.ts";
import { type ResponseContext, responseMessage } from "./responses.ts";
import { Rows } from "./rows.ts";
import { ownField, sharedMessages } from "./common-messages.ts";

/** What an operation may refuse with beside what every operation may. */
const refusalsOf = ({ refusals }: Operation): string => {
  const types = Object.entries(refusals).map(([type, { status }]) => `${type} (${status})`);
  return types.length === 0 ? "" : ` Refusals of its own: ${types.join(", ")}.`;
};

/** Functions come last: what every resource has keeps its name, whatever functions are added. */
const inOrder = (contract: Contract): readonly Operation[] => {
  const all = [...contract.operations.values()];
  const isFunction = ({ action }: Operation): boolean => action === "function";
  return [...all.filter((operation) => !isFunction(operation)), ...all.filter(isFunction)];
};

/** A stream takes commands on rows; what begins a session, or is about nobody's rows, is called by itself. */
const isStreamed = ({ kind, resource, target }: Operation): boolean =>
  kind === "command" && resource !== undefined && target !== "singleton";

class Methods {
  readonly all: MethodModel[] = [];
  readonly messages: MessageModel[] = [];
  readonly #context: ResponseContext;
  readonly #names: Names;
  readonly #methods = new Names();

  constructor(context: ResponseContext, names: Names) {
    this.#context = context;
    this.#names = names;
  }

  /** A name whose request and response are free too. */
  #claim(wanted: string): string {
    const isTaken = (name: string): boolean =>
      this.#methods.has(name) || this.#names.has(`${name}Request`) || this.#names.has(`${name}Response`);
    let name = wanted;
    for (let count = 2; isTaken(name); count++) name = `${wanted}${count}`;
    this.#names.claim(`${name}Request`);
    this.#names.claim(`${name}Response`);
    return this.#methods.claim(name);
  }

  #add(method: Omit<MethodModel, "isQuery" | "operationName">, operation: Operation): void {
    this.all.push({ ...method, operationName: operation.name, isQuery: operation.kind === "query" });
    this.messages.push(method.input, method.output);
  }

  add(operation: Operation): void {
    const context = this.#context;
    const name = this.#claim(methodName(operation));
    const doc = `${operation.doc}${refusalsOf(operation)}`;
    const input = requestMessage(`${name}Request`, operation, context, { doc: `What ${name} takes.` });
    const output = responseMessage(`${name}Response`, operation, context, { doc: `What ${name} answers.` });
    this.#add({ name, input, output, streaming: "none", doc }, operation);
    if (operation.action === "list") this.#addExport(operation);
    if (isStreamed(operation)) this.#addStream(operation, { name, input, output });
  }

  #addExport(operation: Operation): void {
    const context = this.#context;
    const rows = operation.resource?.name ?? "rows";
    const name = this.#claim(`Export${pascalCase(rows)}`);
    const input = requestMessage(`${name}Request`, operation, context, { isExport: true, doc: `What ${name} takes.` });
    const output = responseMessage(`${name}Response`, operation, context, { isExport: true, doc: `Some ${rows}.` });
    this.#add({ name, input, output, streaming: "server", doc: `All ${rows}, some with each answer, without pages.` }, operation);
  }

  #addStream(
    operation: Operation,
    of: { readonly name: string; readonly input: MessageModel; readonly output: MessageModel },
  ): void {
    const { scope, shared } = this.#context;
    const name = this.#claim(`${of.name}Stream`);
    const input = emptyMessage(`${name}Request`, scope, `One item of ${name}.`);
    input.fields.push(
      ownField("request", 1, { kind: "message", of: of.input }, "The item."),
      ownField("idempotencyKey", 2, { kind: "string" }, "Repeats of it with the same key are answered as the first.", "explicit"),
      ownField("ifMatch", 3, { kind: "string" }, "Only if the row is still as this entity tag says.", "explicit"),
    );
    const output = emptyMessage(`${name}Response`, scope, "What came of one item.");
    output.fields.push(
      { ...ownField("response", 1, { kind: "message", of: of.output }, "It was done."), presence: "explicit", oneof: "verdict" },
      {
        ...ownField("refusal", 2, { kind: "message", of: shared.refusal }, "It was refused."),
        presence: "explicit",
        oneof: "verdict",
      },
      ownField("replayed", 3, { kind: "bool" }, "An earlier answer to the same idempotency key was given again."),
      ownField("etag", 4, { kind: "string" }, "Entity tag of the row that was answered."),
    );
    const doc = `Many of ${of.name}: an answer for each item, in order; each stands alone.`;
    this.#add({ name, input, output, streaming: "both", doc }, operation);
  }
}

/** Makes the package of a version. Throws `RangeError` where there is none. */
export const packageOf = (newest: Contract, version: string, numbers: Numbers): PackageModel => {
  const view = versionView(newest, version);
  const { contract } = view;
  const scope = `${newest.service}.${version}`;
  const shared = sharedMessages(scope);
  const service = `${pascalCase(newest.service)}Service`;
  const names = new Names([service, ...Object.values(shared).map(({ name }) => name)]);
  const rows = new Rows({ newest, version, numbers, scope, names });
  const operations = inOrder(contract);
  // Rows have the first choice of names.
  for (const { resource } of operations) if (resource !== undefined) rows.message(resource);
  const methods = new Methods({ newest, version, scope, numbers, rows, shared }, names);
  for (const operation of operations) methods.add(operation);
  return {
    package: scope,
    service,
    serviceDoc: newest.doc,
    fileName: `${newest.service}/${version}/${newest.service}.proto`,
    doc: `${newest.title} ${version}`,
    isDeprecated: view.definition?.deprecated !== undefined,
    methods: methods.all,
    messages: [...rows.all, ...methods.messages, ...Object.values(shared)],
  };
};
