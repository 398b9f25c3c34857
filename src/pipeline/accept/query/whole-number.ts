/** Numbers of pages and rows, as numbers or digits. */
export const wholeNumber = (raw: unknown, min: number, max: number): number | undefined => {
  const value = typeof raw === "string" && /^\d{1,9}$/.test(raw) ? Number(raw) : raw;
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
};
