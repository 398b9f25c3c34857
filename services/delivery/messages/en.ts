/** English where a sentence has parameters; all else is in the definitions. */
export const en: Readonly<Record<string, string>> = {
  "error.orders_not_accepted":
    "These orders cannot be on the manifest (unknown, cancelled, listed already, or of several shippers): {ids}.",
  "error.manifest_differs": "There is a manifest {manifest} with other orders.",
};
