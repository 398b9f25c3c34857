/** About the bytes of a value as JSON: of texts their length, of anything else that is no list or object eight. Says how much is kept or read, not how much is sent. */
const plainBytes = 8;

export const jsonBytes = (value: unknown): number => {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== "object" || value === null) return plainBytes;
  let bytes = plainBytes;
  for (const part of Array.isArray(value) ? (value as readonly unknown[]) : Object.values(value)) bytes += jsonBytes(part);
  return bytes;
};
