/** The nodes that the tree shows under test. */
export const NODE_NAMES: readonly string[] = Array.from({ length: 100 }, (_, index) => `node-${index}`);
