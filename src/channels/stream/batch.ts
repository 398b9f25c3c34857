/**
 * Calls of any kind in one message, all or none, or each by itself.
 *
 *   { "id": "7", "strategy": "atomic", "calls": [
 *       { "id": "account", "operation": "accounts.create", "input": { "body": { … } } },
 *       { "operation": "transfers.create", "input": { "body": { "credit": "{account.data.id}", … } } } ] }
 *
 * A call refers to answers of earlier ones by their ids, as in `POST /batch` over REST. Each passes every step by itself. The answer has one verdict per call, in
 * order; its status is 200 when all succeeded, 207 when some did, 422 when none did. An idempotency key becomes `key/0`, `key/1`, … for the calls.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Call, Input, Result } from "../../pipeline/call.ts";
import type { BatchStep } from "../../pipeline/pipeline.ts";
import { invalid, type Issue, type Refusal, refuse } from "../../pipeline/refusal.ts";
import { type Answered, BrokenReference, referencesOf, resolve } from "../rest/batch-reference.ts";
import { isObject } from "../rest/input.ts";
import { readInput } from "./input.ts";
import type { StreamLimits } from "./limits.ts";
import type { WrittenCall } from "./message.ts";

export interface ReadBatch {
  readonly steps: readonly BatchStep[];
  /** Of each call, for its verdict. */
  readonly operations: readonly (Operation | undefined)[];
}

const idForm = /^[A-Za-z0-9_-]{1,64}$/;
const members: ReadonlySet<string> = new Set(["id", "operation", "input"]);
const wrongType = (expected: string): readonly Issue[] => [{ code: "wrong_type", params: { expected } }];

type Issues = Record<string, readonly Issue[]>;
type Item = WrittenCall & { readonly id: string | undefined };

const readItem = (value: unknown, place: string, seen: Set<string>, issues: Issues): Item | undefined => {
  if (!isObject(value)) {
    issues[place] = wrongType("object");
    return undefined;
  }
  const { id, operation, input } = value;
  for (const name of Object.keys(value))
    if (!members.has(name)) issues[`${place}.${name.slice(0, 100)}`] = [{ code: "unknown_field" }];
  if (typeof operation !== "string")
    issues[`${place}.operation`] = operation === undefined ? [{ code: "required" }] : wrongType("string");
  if (id !== undefined && (typeof id !== "string" || !idForm.test(id)))
    issues[`${place}.id`] = [{ code: "bad_format", params: { format: "id" } }];
  else if (id !== undefined && seen.has(id)) issues[`${place}.id`] = [{ code: "duplicate" }];
  else if (id !== undefined) seen.add(id);
  return { id: typeof id === "string" ? id : undefined, operation: typeof operation === "string" ? operation : "", input };
};

export interface BatchOptions {
  readonly limits: StreamLimits;
  readonly idempotencyKey: string | undefined;
  readonly operationNamed: (name: string) => Operation | undefined;
  readonly callOf: (operation: Operation, input: Input, idempotencyKey: string | undefined) => Call;
}

const answeredOf = (result: Result | undefined): Answered | undefined =>
  result?.ok === true ? { status: result.status, data: result.data } : undefined;

const isRefusal = (value: object): value is Refusal => "type" in value && "status" in value;

/** Makes the steps of a batch. Refusals: 422 for calls that are none, or that refer to none. An unknown operation is the refusal of its call alone. */
export const readBatch = (calls: readonly unknown[], options: BatchOptions): ReadBatch | Refusal => {
  const { limits, idempotencyKey, operationNamed, callOf } = options;
  const issues: Issues = {};
  const seen = new Set<string>();
  const items = calls.flatMap((call, index) => readItem(call, `calls.${index}`, seen, issues) ?? []);
  if (Object.keys(issues).length > 0) return invalid(issues);
  const positions = new Map<string, number>();
  const operations: (Operation | undefined)[] = [];
  const steps: BatchStep[] = [];
  for (const [index, item] of items.entries()) {
    const operation = operationNamed(item.operation);
    const dependsOn: number[] = [];
    for (const name of referencesOf(item.input)) {
      const position = positions.get(name);
      if (position === undefined) issues[`calls.${index}`] = [{ code: "bad_reference" }];
      else dependsOn.push(position);
    }
    if (item.id !== undefined) positions.set(item.id, index);
    operations.push(operation);
    if (operation === undefined) {
      const unknown = refuse("not_found", { details: { operation: item.operation.slice(0, 100) } });
      steps.push({ dependsOn: [], prepare: () => unknown });
      continue;
    }
    const key = idempotencyKey === undefined || operation.kind === "query" ? undefined : `${idempotencyKey}/${index}`;
    steps.push({
      dependsOn,
      prepare(earlier) {
        try {
          const lookup = (name: string): Answered | undefined => answeredOf(earlier[positions.get(name) ?? -1]);
          const input = readInput(operation, dependsOn.length === 0 ? item.input : resolve(item.input, lookup), limits);
          return isRefusal(input) ? input : callOf(operation, input, key);
        } catch (error) {
          if (error instanceof BrokenReference) return refuse("invalid_reference", { details: { reference: error.reference } });
          throw error;
        }
      },
    });
  }
  return Object.keys(issues).length > 0 ? invalid(issues) : { steps, operations };
};
