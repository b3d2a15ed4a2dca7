/** The node's own truth: objects in memory with a journal on disk. The way in is `Store.open`. */
export { Store, type StoreOptions } from "./store.ts";
export { MemoryStore, type MemoryStoreOptions, type ObjectStore } from "./memory.ts";
export { LayeredStore, type LayeredStoreOptions } from "./layered.ts";
export * from "./types.ts";
export {
  isConflict,
  isLocked,
  isReadOnly,
  isStorageFull,
  isTooLarge,
  isUnwritable,
  StoreError,
  type StoreErrorCode,
} from "./errors.ts";
export { deepFreeze, sameValue } from "./values.ts";
