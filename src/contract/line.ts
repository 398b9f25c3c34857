/** What may stand in the lines of an operation, as the definition gives it. */
import type { Fields } from "../define/field.ts";
import type { Contract, Operation } from "./contract.ts";

const titleForm = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
const commandForm = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Names that a title may be given for: of what the operation takes and what it answers. */
const namesOf = ({ input, output, resource, target }: Operation): ReadonlySet<string> => {
  const rows = output.kind === "row" || output.kind === "rows" ? resource?.fields : undefined;
  const answered: Fields = output.kind === "fields" ? output.fields : (rows ?? {});
  return new Set([...(target === "item" ? ["id"] : []), ...Object.keys(input), ...Object.keys(answered)]);
};

/** What does not fit in the words of lines; empty when all does. */
export const checkLine = ({ operations, definition: { line } }: Contract): readonly string[] => {
  const problems: string[] = [];
  const commands = new Map<string, string>();
  for (const [name, { command, titles = {}, order = [] }] of Object.entries(line?.operations ?? {})) {
    const operation = operations.get(name);
    const place = `line.operations["${name}"]`;
    if (operation === undefined) {
      problems.push(`${place}: there is no such operation`);
      continue;
    }
    if (command !== undefined) {
      const other = commands.get(command.toLowerCase());
      commands.set(command.toLowerCase(), name);
      if (!commandForm.test(command)) problems.push(`${place}: "${command}" is no word (letters, digits, - and _)`);
      else if (other !== undefined) problems.push(`${place}: "${command}" calls ${other} already`);
      else if (operations.has(command)) problems.push(`${place}: "${command}" is the name of an operation`);
    }
    const known = namesOf(operation);
    const taken = new Map([...known].map((field) => [(titles[field] ?? field).toLowerCase(), field]));
    for (const [field, title] of Object.entries(titles)) {
      if (!known.has(field)) problems.push(`${place}: no field "${field}"`);
      if (!titleForm.test(title)) problems.push(`${place}: "${title}" is no title (letters and digits)`);
      else if (taken.get(title.toLowerCase()) !== field) problems.push(`${place}: two fields are called "${title}"`);
    }
    for (const field of order) if (!known.has(field)) problems.push(`${place}: no field "${field}"`);
  }
  return problems;
};
