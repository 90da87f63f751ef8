import type { InventoryObject } from '../model/inventory.ts';
import type { AgentLink } from './agentLink.ts';
import type { InventorySource } from './inventorySource.ts';

/** Objects in one message: some 300 KiB of JSON. */
const OBJECTS_A_MESSAGE = 500;

/** Sends everything, then every change, until the link is over. Changes that wait are sent together. */
export async function pushInventory(link: AgentLink, source: InventorySource): Promise<void> {
  const upserts = new Map<string, InventoryObject>();
  const deletedUids = new Set<string>();
  let wake: () => void = () => {};
  const subscription = source.onChange((change) => {
    for (const uid of change.deletedUids) {
      upserts.delete(uid);
      deletedUids.add(uid);
    }
    for (const object of change.upserts) {
      deletedUids.delete(object.metadata.uid);
      upserts.set(object.metadata.uid, object);
    }
    wake();
  });
  const over = (): void => wake();
  link.signal.addEventListener('abort', over, { once: true });
  try {
    await send(link, true, [...source.objects()], []);
    while (!link.signal.aborted) {
      if (upserts.size === 0 && deletedUids.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const objects = [...upserts.values()];
      const deleted = [...deletedUids];
      upserts.clear();
      deletedUids.clear();
      await send(link, false, objects, deleted);
    }
  } finally {
    subscription.dispose();
    link.signal.removeEventListener('abort', over);
  }
}

async function send(
  link: AgentLink,
  reset: boolean,
  objects: readonly InventoryObject[],
  deletedUids: readonly string[],
): Promise<void> {
  for (let from = 0; from === 0 || from < objects.length; from += OBJECTS_A_MESSAGE) {
    const first = from === 0;
    await link.client.pushInventory(
      {
        reset: reset && first,
        upserts: objects.slice(from, from + OBJECTS_A_MESSAGE).map((object) => JSON.stringify(object)),
        deletedUids: first ? [...deletedUids] : [],
      },
      { signal: link.signal },
    );
  }
}
