/** Resources that are records of the installation: their fields have to be columns of its tables. */
import type { Contract } from "../contract/index.ts";
import type { Table } from "../store/table.ts";

const flawOf = (wanted: Table, tables: readonly Table[]): string | undefined => {
  const table = tables.find(({ name }) => name === wanted.name);
  if (table === undefined) return `there is no table ${wanted.name}`;
  for (const { name, type, nullable } of wanted.columns) {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) return `${table.name} has no column ${name}`;
    if (column.type !== type) return `${table.name}.${name} holds ${column.type}, not ${type}`;
    if (column.nullable && !nullable) return `${table.name}.${name} may be null: its field is optional`;
  }
  return undefined;
};

/** Throws `TypeError` for the first that does not fit. */
export const checkRecords = (contracts: Iterable<Contract>, tables: readonly Table[]): void => {
  for (const { service, resources } of contracts)
    for (const { name, table } of resources.values()) {
      const flaw = table.readOnly === true ? flawOf(table, tables) : undefined;
      if (flaw !== undefined) throw new TypeError(`${service}.${name}: ${flaw}`);
    }
};
