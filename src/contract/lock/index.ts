export { type Change, diffContracts, type LockedContract } from "./diff.ts";
export { checkLock, type LockCheck, readLock, writeLock } from "./file.ts";
export { type Acceptance, formatDiff, formatLock, type Lock, lockOf, type LockUpdate, parseLock, updateLock } from "./lock.ts";
