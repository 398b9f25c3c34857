/** Numbers in the form of UPU S10: two letters, eight digits, a check digit, two letters of a country. `XX` is nobody's (ISO 3166-1, user-assigned). */

const weights = [8, 6, 4, 2, 3, 5, 9, 7] as const;

/** The check digit of eight digits. */
export const checkDigit = (serial: string): number => {
  const sum = weights.reduce<number>((total, weight, at) => total + weight * Number(serial[at]), 0);
  const rest = 11 - (sum % 11);
  return rest === 10 ? 0 : rest === 11 ? 5 : rest;
};

/** `RR123456785XX` of a serial number of at most eight digits. */
export const s10 = (serial: number): string => {
  const digits = String(serial).padStart(8, "0");
  return `RR${digits}${checkDigit(digits)}XX`;
};
