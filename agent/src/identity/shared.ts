/** Values that are remembered; what comes when they are all used up is shared with what comes after it. */
const MOST_VALUES = 4096;

const texts = new Map<string, string>();
const values = new Map<string, unknown>();

/** The one text that stands for all that equal it. */
export function sharedText(text: string): string {
  return remember(texts, text, text);
}

/**
 * The one object that stands for this value and all that equal it: objects of a cluster have much in common, as the pods
 * of one workload their containers. Only for what is never changed.
 */
export function shared<T extends object>(value: T): T {
  return remember(values, JSON.stringify(value), value) as T;
}

function remember<T>(known: Map<string, T>, key: string, value: T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= MOST_VALUES) known.clear();
  known.set(key, value);
  return value;
}
