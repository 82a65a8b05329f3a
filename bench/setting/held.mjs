// What a page's database holds, seen from beside the engine: for waiting until everything is in it,
// and for writing and reading the same records by hand.
//
// Put into pages as a script. Copies stores and indexes from the engine's own database, so that a new
// layout there is a new layout here.

export function lookInside() {
  const { done } = window;

  /** Opens the engine's database of a user a second time. */
  window.openHeld = (SDKAppID, userID) => done(indexedDB.open(`tim-${SDKAppID}-${userID}`));

  window.countMessages = (database) => done(database.transaction('messages').objectStore('messages').count());

  /** A page's records: the bounded read on the index that the engine's own page uses. */
  window.readPage = (database, conversationID, from, to) =>
    done(
      database
        .transaction('messages')
        .objectStore('messages')
        .index('log')
        .getAll(IDBKeyRange.bound([conversationID, from, 0], [conversationID, to + 1, 0], false, true)),
    );

  /** Writes records to a new database of the same layout; answers the milliseconds. */
  window.writeByHand = async (like, records, perTransaction) => {
    const model = like.transaction('messages').objectStore('messages');
    const indexes = [...model.indexNames].map((name) => model.index(name));
    const opening = indexedDB.open('by-hand', 1);
    opening.onupgradeneeded = () => {
      const store = opening.result.createObjectStore('messages', { keyPath: model.keyPath });
      for (const { name, keyPath, unique, multiEntry } of indexes) store.createIndex(name, keyPath, { unique, multiEntry });
    };
    const database = await done(opening);
    const began = performance.now();
    for (let at = 0; at < records.length; at += perTransaction) {
      const transaction = database.transaction('messages', 'readwrite');
      const store = transaction.objectStore('messages');
      for (const it of records.slice(at, at + perTransaction)) store.put(it);
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
    }
    const took = performance.now() - began;
    database.close();
    await done(indexedDB.deleteDatabase('by-hand'));
    return took;
  };
}
