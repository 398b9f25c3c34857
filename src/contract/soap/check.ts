/** What a definition says of SOAP, against the contract it is for. */
import type { Contract } from "../contract.ts";
import { refusalTypes } from "../refusal-types.ts";
import { makeInterface } from "./interface.ts";

/** Every problem, by the operation and element it is in; none where nothing is said. */
export const checkSoap = (contract: Contract): readonly string[] => {
  const { soap } = contract.definition;
  if (soap === undefined) return [];
  const problems: string[] = [];
  const problem = (text: string): void => void problems.push(`soap: ${text}`);
  makeInterface(contract, contract, problem);
  for (const [name, { inBand = [] }] of Object.entries(soap.operations ?? {})) {
    const refusals = contract.operations.get(name)?.refusals ?? {};
    for (const type of inBand)
      if (!Object.hasOwn(refusals, type) && !Object.hasOwn(refusalTypes, type))
        problem(`${name}: "${type}" is none of its refusals`);
  }
  return problems;
};
