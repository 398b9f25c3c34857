/** Invariants of resources, in terms of the store: what the writer asks before it commits. */
import type { TableInvariant } from "../batch/command.ts";
import type { Contract } from "../contract/contract.ts";
import type { ResourceDefinition } from "../define/resource.ts";
import type { Row } from "../store/store.ts";
import { handlerRow } from "./table/nested.ts";

/** What must hold of the tables' rows, in terms of the store. */
export const invariantsOf = (contracts: Iterable<Contract>): readonly TableInvariant[] =>
  [...contracts].flatMap((contract) =>
    [...contract.resources.values()].flatMap((resource) => {
      const { invariant } = (resource.definition as ResourceDefinition).behaviour;
      const seen = (row: Row | undefined): Row | undefined => handlerRow(resource, row);
      return invariant === undefined
        ? []
        : [
            {
              table: resource.table,
              check: (changes) =>
                invariant(changes.map(({ before, after }) => ({ before: seen(before), after: seen(after) })) as never),
            },
          ];
    }),
  );
